import KerasCore
import KerasExport
import KerasGraph

/// A block of operations being put together: the program's own, or a loop's condition or body.
final class BlockBuilder {
  let parts: ProgramParts
  private(set) var operations: [CoreMLOperation] = []
  /// The layer on whose behalf operations are being added.
  var scope = ""
  private var shapes: [Tensor: Tensor] = [:]
  private var sizes: [AxisOf: Size] = [:]

  private struct AxisOf: Hashable {
    let tensor: Tensor
    let axis: Int
  }

  init(_ parts: ProgramParts) { self.parts = parts }

  /// What an operation takes by one name.
  enum Argument {
    case tensor(Tensor)
    case tensors([Tensor])
    case text(String)
    case ints([Int])
    case int(Int)
    case float(Float)
    case bool(Bool)
    case bools([Bool])
  }

  // MARK: Operations

  /// Adds an operation with one result of that type.
  func add(_ type: String, _ inputs: KeyValuePairs<String, Argument>, _ result: TensorType) -> Tensor {
    add(type, inputs, [result], blocks: [])[0]
  }

  func add(
    _ type: String, _ inputs: KeyValuePairs<String, Argument>, _ results: [TensorType], blocks: [CoreMLBlock] = []
  ) -> [Tensor] {
    var operation = CoreMLOperation()
    operation.type = type
    for (key, argument) in inputs {
      operation.inputs[key] = CoreMLArgument.with { proto in
        proto.arguments = names(argument).map { name in CoreMLArgument.Binding.with { $0.name = name } }
      }
    }
    let tensors = results.map { Tensor(name: parts.names.name("\(scope)_\(type)"), type: $0) }
    operation.outputs = tensors.map { CoreMLNamedValueType($0) }
    operation.attributes["name"] = CoreMLValue(tensors.first?.name ?? parts.names.name("\(scope)_\(type)"))
    operation.blocks = blocks
    operations.append(operation)
    for shape in results.map(\.shape) where shape.rank > ProgramParts.rankLimit && parts.oversized == nil {
      parts.oversized = shape
    }
    return tensors
  }

  private func names(_ argument: Argument) -> [String] {
    switch argument {
    case .tensor(let tensor): [tensor.name]
    case .tensors(let tensors): tensors.map(\.name)
    case .text(let text): [parts.text(text)]
    case .ints(let values): [ints(values).name]
    case .int(let value): [int(value).name]
    case .float(let value): [float(value).name]
    case .bool(let value): [bools([value], shape: []).name]
    case .bools(let values): [bools(values, shape: [values.count]).name]
    }
  }

  /// The block as an operation or the program holds it.
  func proto(inputs: [Tensor], outputs: [Tensor]) -> CoreMLBlock {
    var proto = CoreMLBlock()
    proto.inputs = inputs.map { CoreMLNamedValueType($0) }
    proto.outputs = outputs.map(\.name)
    proto.operations = operations
    return proto
  }

  // MARK: Constants

  /// A vector of int32.
  func ints(_ values: [Int]) -> Tensor {
    shared([values.count], .int32, values.map { Int32(clamping: $0) }.withUnsafeBytes { Array($0) })
  }

  /// A single int32.
  func int(_ value: Int) -> Tensor { shared([], .int32, [Int32(clamping: value)].withUnsafeBytes { Array($0) }) }

  func float(_ value: Float) -> Tensor { shared([], .float32, [value].withUnsafeBytes { Array($0) }) }

  private func bools(_ values: [Bool], shape: [Int]) -> Tensor { shared(shape, .bool, values.map { $0 ? 1 : 0 }) }

  /// A single number of a type that values have.
  func number(_ value: Double, _ dtype: DType) -> Tensor {
    switch dtype {
    case .bool: bools([value != 0], shape: [])
    case .int32: int(Int(exactly: value.rounded(.towardZero)) ?? (value < 0 ? Int(Int32.min) : Int(Int32.max)))
    default: float(Float(value))
    }
  }

  private func shared(_ shape: [Int], _ dtype: DType, _ bytes: [UInt8]) -> Tensor {
    // The bytes are the shape's own: they cannot mismatch.
    guard let data = try? TensorData(dtype: dtype, shape: shape, bytes: bytes),
      let tensor = try? parts.constant(data, "constant")
    else { return Tensor(name: "", type: TensorType(dtype, Shape(shape))) }
    return tensor
  }

  // MARK: Sizes

  /// The size of an axis: what is known, or a vector of one int32.
  enum Size: Hashable {
    case known(Int)
    case computed(Tensor)
  }

  func size(_ x: Tensor, axis: Int) -> Size {
    if let known = x.shape[axis] { return .known(known) }
    let key = AxisOf(tensor: x, axis: axis)
    if let known = sizes[key] { return known }
    let size = Size.computed(
      add(
        "slice_by_index", ["x": .tensor(shape(of: x)), "begin": .ints([axis]), "end": .ints([axis + 1])],
        TensorType(.int32, [1])))
    sizes[key] = size
    return size
  }

  /// The size of an axis as a scalar.
  func scalarSize(_ x: Tensor, axis: Int) -> Tensor {
    if let known = x.shape[axis] { return int(known) }
    return add(
      "slice_by_index",
      [
        "x": .tensor(shape(of: x)), "begin": .ints([axis]), "end": .ints([axis + 1]), "squeeze_mask": .bools([true]),
      ], TensorType(.int32, .scalar))
  }

  private func shape(of x: Tensor) -> Tensor {
    if let known = shapes[x] { return known }
    let shape = add("shape", ["x": .tensor(x)], TensorType(.int32, [x.rank]))
    shapes[x] = shape
    return shape
  }

  /// Sizes as one vector of int32.
  func vector(_ sizes: [Size]) -> Tensor {
    var pieces: [Tensor] = []
    var run: [Int] = []
    for size in sizes {
      switch size {
      case .known(let known): run.append(known)
      case .computed(let tensor):
        if !run.isEmpty { pieces.append(ints(run)) }
        run = []
        pieces.append(tensor)
      }
    }
    if !run.isEmpty || pieces.isEmpty { pieces.append(ints(run)) }
    if pieces.count == 1 { return pieces[0] }
    return add(
      "concat", ["values": .tensors(pieces), "axis": .int(0), "interleave": .bool(false)],
      TensorType(.int32, [sizes.count]))
  }
}
