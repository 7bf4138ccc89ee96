import KerasCore
import KerasExport
import KerasGraph

/// Turns an op graph into the nodes of a TensorFlow function.
final class GraphEmission {
  let graph: Graph
  let function: FunctionBuilder
  let parts: ModelParts
  /// Values that are int64: categories, which may be beyond int32.
  var wide: Set<Value> = []

  private let parameters: [String: TensorData]
  private var tensors: [Value: Tensor] = [:]
  private var shapes: [Tensor: Tensor] = [:]
  private var sizes: [String: Tensor] = [:]
  private var handles: [Int: Tensor] = [:]

  /// Constants of so many elements are variables instead: a graph is read whole, and may not be beyond 2 GiB.
  private static let largestConstant = 256

  init(_ graph: Graph, parameters: [String: TensorData], function: FunctionBuilder, parts: ModelParts) {
    (self.graph, self.parameters, self.function, self.parts) = (graph, parameters, function, parts)
  }

  /// The layer on whose behalf nodes are being added.
  var scope: String {
    get { function.scope }
    set { function.scope = newValue }
  }

  /// The variables that the function reads, by their positions, in the order of its arguments.
  private(set) var usedVariables: [Int] = []

  /// Emits every node; values that `define` has named already are not computed again.
  func emitAll() throws(ExportError) {
    for (index, node) in graph.nodes.enumerated() where tensors[Value(node: index)] == nil {
      scope = node.scope
      do {
        try emit(node, index)
      } catch let error as ExportError {
        throw error.layer == nil ? ExportError(error.cause, layer: node.scope) : error
      } catch let error as GraphError {
        throw ExportError(.notExpressible(what: node.op.name, reason: error.description), layer: node.scope)
      } catch {
        throw ExportError(.malformed("\(node.op.name): \(error)"), layer: node.scope)
      }
    }
  }

  func refused(_ what: String, _ reason: String) -> ExportError {
    ExportError(.notExpressible(what: what, reason: reason), layer: scope)
  }

  // MARK: Nodes

  func node(
    _ operation: String, _ inputs: [Tensor], _ attributes: [String: SMAttribute] = [:], as type: ElementType? = nil
  ) -> Tensor { function.node(operation, inputs, attributes, as: type) }

  func cast(_ tensor: Tensor, to type: ElementType) -> Tensor {
    if tensor.type == type { return tensor }
    return node("Cast", [tensor], ["SrcT": .type(tensor.type), "DstT": .type(type)], as: type)
  }

  // MARK: Constants

  /// A vector of int32.
  func ints(_ values: [Int]) -> Tensor {
    function.constant(SMTensor(int32s: values.map { Int32(clamping: $0) }, shape: [values.count]))
  }

  /// A single int32.
  func int(_ value: Int) -> Tensor { number(Double(value), .int32) }

  /// A single number.
  func number(_ value: Double, _ type: ElementType = .float) -> Tensor { function.constant(SMTensor(value, type)) }

  func text(_ value: String) -> Tensor { function.constant(SMTensor(texts: [value], shape: [])) }

  // MARK: Values

  func type(_ value: Value) -> TensorType { graph.type(value) }
  func rank(_ value: Value) -> Int { graph.shape(value).rank }

  /// Says which tensor holds a value.
  func define(_ value: Value, _ tensor: Tensor) { tensors[value] = tensor }

  /// The tensor that holds a value; of weights, one that reads the variable.
  func tensor(_ value: Value) throws -> Tensor {
    if let known = tensors[value] { return known }
    guard let data = constant(value) else { throw ExportError(.malformed("a value is read before it is computed")) }
    let own = scope
    defer { scope = own }
    let node = graph.nodes[value.node]
    scope = node.scope
    let result: Tensor
    if case .parameter(let name) = node.op {
      result = try stored(data, name, isParameter: true)
    } else {
      result = try stored(data, node.scope.isEmpty ? "constant" : "\(node.scope)/constant", isParameter: false)
    }
    define(value, result)
    return result
  }

  /// The array of a parameter or constant, if the value is one, in the type that TensorFlow has it in.
  func constant(_ value: Value) -> TensorData? {
    let data: TensorData?
    switch graph.nodes[value.node].op {
    case .constant(let array): data = array
    case .parameter(let name): data = parameters[name]
    default: return nil
    }
    let dtype = type(value).dtype
    guard let data, dtype.isInteger || dtype.isFloatingPoint else { return data }
    return try? data.converted(to: dtype.isInteger ? .int32 : .float32)
  }

  /// Stores an array, in the format that weights are stored in if it is one.
  ///
  /// Small constants stand in the graph, all else in variables.
  func stored(_ data: TensorData, _ wish: String, isParameter: Bool) throws -> Tensor {
    guard isParameter || data.elementCount > Self.largestConstant && data.dtype != .string else {
      return function.constant(SMTensor(data))
    }
    let format = parts.weightFormat
    guard format != .float32, isParameter, format.applies(to: data) else { return read(data, wish) }
    switch format {
    case .float32: return read(data, wish)
    case .float16, .bfloat16:
      let largest = format == .float16 ? Float(65504) : .greatestFiniteMagnitude
      // What the narrow type does not reach would become infinite.
      guard try data.floats().allSatisfy({ !$0.isFinite || $0.magnitude <= largest }) else { return read(data, wish) }
      return cast(read(try data.converted(to: format == .float16 ? .float16 : .bfloat16), wish), to: .float)
    case .int8:
      let quantized = try QuantizedArray(data)
      let bytes = quantized.values.map { UInt8(bitPattern: $0) }
      let values = try TensorData(dtype: .int8, shape: quantized.shape, bytes: bytes)
      let scales = try TensorData(shape: [quantized.scales.count], floats: quantized.scales)
      return node("Mul", [cast(read(values, wish), to: .float), read(scales, "\(wish)/scales")])
    }
  }

  private func read(_ data: TensorData, _ wish: String) -> Tensor {
    let variable = parts.addVariable(data, wish)
    let type = ElementType(stored: data.dtype)
    usedVariables.append(variable)
    function.isStateful = true
    let handle = function.argument("variable_\(variable)", .resource, Shape(data.shape), variable: type)
    return node("ReadVariableOp", [handle], ["dtype": .type(type)], as: type)
  }

  // MARK: Sizes

  /// The size of an axis, a single int32.
  func size(_ value: Value, axis: Int) throws -> Tensor {
    if let known = graph.shape(value)[axis] { return int(known) }
    let tensor = try tensor(value)
    let key = "\(axis) \(tensor.name)"
    if let known = sizes[key] { return known }
    let result = node(
      "StridedSlice", [shape(ofTensor: tensor), ints([axis]), ints([axis + 1]), ints([1])],
      ["Index": .type(.int32), "shrink_axis_mask": .int(1)])
    sizes[key] = result
    return result
  }

  enum Size {
    case known(Int)
    case axis(Value, Int)
    case computed(Tensor)
  }

  /// Sizes as one vector of int32.
  func joined(_ dimensions: [Size]) throws -> Tensor {
    var known: [Int] = []
    for case .known(let size) in dimensions { known.append(size) }
    if known.count == dimensions.count { return ints(known) }
    var pieces: [Tensor] = []
    for dimension in dimensions {
      switch dimension {
      case .known(let size): pieces.append(int(size))
      case .axis(let value, let axis): pieces.append(try size(value, axis: axis))
      case .computed(let tensor): pieces.append(tensor)
      }
    }
    return node("Pack", pieces, ["N": .int(pieces.count)])
  }

  /// The shape of a value, a vector of int32.
  func shape(of value: Value) throws -> Tensor {
    if let known = graph.shape(value).concrete { return ints(known) }
    return shape(ofTensor: try tensor(value))
  }

  private func shape(ofTensor tensor: Tensor) -> Tensor {
    if let known = shapes[tensor] { return known }
    let shape = node("Shape", [tensor], as: .int32)
    shapes[tensor] = shape
    return shape
  }
}
