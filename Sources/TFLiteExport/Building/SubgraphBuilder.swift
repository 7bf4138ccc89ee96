import KerasCore
import KerasGraph

/// A tensor of a subgraph.
struct Tensor: Hashable {
  let index: Int
}

/// One subgraph being put together: tensors and the operators between them.
final class SubgraphBuilder {
  let name: String
  let index: Int
  unowned let model: ModelBuilder
  var inputs: [Tensor] = []
  var outputs: [Tensor] = []
  /// The layer on whose behalf operators are being added: tensors are named after it.
  var scope = ""

  /// Tensors that several operators read.
  ///
  /// Kernels that compute in place overwrite what a RESHAPE of such a tensor shares with it (LiteRT 2.3.0), so that one
  /// in between has a copy.
  var shared: Set<Tensor> = []

  private var tensors: [Entry] = []
  private var operators: [FlatTable] = []
  private var constants: [ConstantKey: Tensor] = [:]
  private var counts: [String: Int] = [:]

  private struct Entry {
    var name: String
    var dtype: DType
    var stored: ElementType
    var shape: Shape
    var buffer = 0
    var quantization: FlatTable?
    var isConstant = false
  }

  private struct ConstantKey: Hashable {
    let dtype: DType
    let shape: [Int]
    let buffer: Int
  }

  init(name: String, index: Int, model: ModelBuilder) {
    self.name = name
    self.index = index
    self.model = model
  }

  // MARK: Tensors

  func type(_ tensor: Tensor) -> TensorType { TensorType(tensors[tensor.index].dtype, tensors[tensor.index].shape) }
  func shape(_ tensor: Tensor) -> Shape { tensors[tensor.index].shape }
  func dtype(_ tensor: Tensor) -> DType { tensors[tensor.index].dtype }

  func isConstant(_ tensor: Tensor) -> Bool { tensors[tensor.index].isConstant }

  func rename(_ tensor: Tensor, _ name: String) { tensors[tensor.index].name = name }

  /// Takes over what the graph knows of a tensor's shape.
  func refine(_ tensor: Tensor, _ shape: Shape) {
    guard shape.rank == tensors[tensor.index].shape.rank, !tensors[tensor.index].isConstant else { return }
    tensors[tensor.index].shape = shape
  }

  /// A tensor that an operator or the caller fills.
  func addTensor(_ type: TensorType, name: String? = nil, stored: ElementType? = nil) -> Tensor {
    tensors.append(
      Entry(
        name: name ?? unusedName(), dtype: type.dtype, stored: stored ?? ElementType(type.dtype), shape: type.shape))
    return Tensor(index: tensors.count - 1)
  }

  func addInput(_ name: String, _ type: TensorType) -> Tensor {
    let tensor = addTensor(type, name: name)
    inputs.append(tensor)
    return tensor
  }

  /// A tensor with data; equal small ones are the same.
  func addConstant(
    _ bytes: [UInt8], shape: [Int], _ dtype: DType, stored: ElementType? = nil, quantization: FlatTable? = nil,
    name: String? = nil
  ) -> Tensor {
    let buffer = model.buffer(bytes)
    let key = ConstantKey(dtype: dtype, shape: shape, buffer: buffer)
    if stored == nil, let known = constants[key] { return known }
    tensors.append(
      Entry(
        name: name ?? unusedName("constant"), dtype: dtype, stored: stored ?? ElementType(dtype),
        shape: Shape(shape), buffer: buffer, quantization: quantization, isConstant: true))
    let tensor = Tensor(index: tensors.count - 1)
    if stored == nil { constants[key] = tensor }
    return tensor
  }

  /// Whole numbers along one axis: shapes, axes, paddings.
  func int32s(_ values: [Int], shape: [Int]? = nil) -> Tensor {
    let numbers = values.map { Int32(clamping: $0) }
    return addConstant(numbers.withUnsafeBytes { Array($0) }, shape: shape ?? [values.count], .int32)
  }

  func int32(_ value: Int) -> Tensor { int32s([value], shape: []) }

  func floats(_ values: [Float], shape: [Int]) -> Tensor {
    addConstant(values.withUnsafeBytes { Array($0) }, shape: shape, .float32)
  }

  /// A scalar of a tensor's type.
  func scalar(_ value: Float, like tensor: Tensor) -> Tensor {
    switch dtype(tensor) {
    case .bool: addConstant([value != 0 ? 1 : 0], shape: [], .bool)
    case .float32: floats([value], shape: [])
    default: int32(Int(exactly: value.rounded(.towardZero)) ?? (value < 0 ? Int(Int32.min) : Int(Int32.max)))
    }
  }

  // MARK: Operators

  /// Adds an operator with one result.
  func add(
    _ code: BuiltinOperator, _ operands: [Tensor], _ result: TensorType, _ options: OperatorOptions? = nil,
    stored: ElementType? = nil, isGrouped: Bool = false, isDilated: Bool = false, keepsDimensions: Bool = false
  ) -> Tensor {
    let output = addTensor(result, stored: stored)
    let entries = operands.map { tensors[$0.index] }
    let version = code.version(
      operands: entries.map { $0.stored }, rank: entries.map { $0.shape.rank }.max() ?? 0,
      broadcasts: Set(entries.map { $0.shape }).count > 1, isGrouped: isGrouped, isDilated: isDilated,
      keepsDimensions: keepsDimensions, result: tensors[output.index].stored)
    add(code, version, operands, [output], options ?? .empty(code))
    return output
  }

  func addWhile(_ operands: [Tensor], condition: SubgraphBuilder, body: SubgraphBuilder) -> [Tensor] {
    let results = operands.map { addTensor(type($0)) }
    add(.whileLoop, 1, operands, results, .whileLoop(condition: condition.index, body: body.index))
    return results
  }

  private func add(
    _ code: BuiltinOperator, _ version: Int32, _ operands: [Tensor], _ results: [Tensor], _ options: OperatorOptions
  ) {
    let opcode = model.operatorCode(code, version: version)
    var table = FlatTable(
      (0, .uint32(UInt32(clamping: opcode))), (1, Self.indices(operands)), (2, Self.indices(results)))
    if options.type != 0 {
      table[3] = .uint8(options.type)
      table[4] = .table(options.table)
    }
    operators.append(table)
  }

  // MARK: As written

  func table() -> FlatTable {
    FlatTable(
      (0, .tables(tensors.map { Self.table($0) })), (1, Self.indices(inputs)), (2, Self.indices(outputs)),
      (3, .tables(operators)), (4, .string(name)))
  }

  /// An unknown axis is 1 until the caller resizes an input.
  private static func table(_ entry: Entry) -> FlatTable {
    let sizes = entry.shape.dimensions
    var table = FlatTable(
      (0, .int32s(sizes.map { Int32(clamping: $0 ?? 1) })), (1, .int8(entry.stored.rawValue)),
      (2, .uint32(UInt32(clamping: entry.buffer))), (3, .string(entry.name)), (8, .bool(true)))
    if let quantization = entry.quantization { table[4] = .table(quantization) }
    if sizes.contains(nil) { table[7] = .int32s(sizes.map { $0.map { Int32(clamping: $0) } ?? -1 }) }
    return table
  }

  private static func indices(_ tensors: [Tensor]) -> FlatValue { .int32s(tensors.map { Int32(clamping: $0.index) }) }

  private func unusedName(_ kind: String = "op") -> String {
    let prefix = scope.isEmpty ? kind : "\(scope)/\(kind)"
    counts[prefix, default: 0] += 1
    return "\(prefix)_\(counts[prefix, default: 0])"
  }
}

extension ElementType {
  init(_ dtype: DType) {
    self =
      switch dtype {
      case .bool: .bool
      case .float16: .float16
      case .bfloat16: .bfloat16
      case .int8: .int8
      case .float32, .float64: .float32
      case .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .string: .int32
      }
  }
}
