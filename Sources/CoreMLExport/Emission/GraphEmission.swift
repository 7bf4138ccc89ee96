import KerasCore
import KerasExport
import KerasGraph

/// Turns an op graph into MIL operations of one block.
///
/// A value may exist in several orders of its axes, see `LaidOutValues`: MIL's windows want channels first, its
/// recurrences time first.
final class GraphEmission {
  let graph: Graph
  let parts: ProgramParts
  let block: BlockBuilder
  /// Nodes whose results an earlier one has made already.
  var finished: Set<Int> = []
  /// Which nodes read a value; an output of the graph counts as the node -1.
  let readers: [Value: [Int]]
  private(set) var tensors = LaidOutValues<Tensor>()
  /// Values of more axes than Core ML has, as tensors of fewer with the same elements in a row.
  var folded: [Value: Tensor] = [:]

  private let parameters: [String: TensorData]
  private var weights: [WeightKey: Tensor] = [:]

  private struct WeightKey: Hashable {
    var value: Value
    var layout: Layout
  }

  init(_ graph: Graph, parameters: [String: TensorData], block: BlockBuilder) {
    (self.graph, self.parameters, self.block, parts) = (graph, parameters, block, block.parts)
    readers = graph.readers()
  }

  /// The layer on whose behalf operations are being added.
  var scope: String {
    get { block.scope }
    set { block.scope = newValue }
  }

  /// Emits every node; values that `define` has named already are not computed again.
  func emitAll() throws(ExportError) {
    for (index, node) in graph.nodes.enumerated() where !finished.contains(index) {
      scope = node.scope
      guard node.types.indices.contains(where: { !tensors.contains(Value(node: index, output: $0)) }) else { continue }
      do {
        try emit(node, index)
        if let shape = parts.oversized {
          throw refused(
            "\(node.op.name) over \(shape.rank) axes", "Core ML's tensors have at most \(ProgramParts.rankLimit)")
        }
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

  // MARK: Values

  func type(_ value: Value) -> TensorType { graph.type(value).plain }
  func shape(_ value: Value) -> Shape { graph.shape(value) }
  func rank(_ value: Value) -> Int { graph.shape(value).rank }
  func isUsed(_ value: Value) -> Bool { readers[value] != nil }

  private func tooManyAxes(_ value: Value) -> ExportError {
    refused(
      "\(graph.nodes[value.node].op.name) over \(rank(value)) axes",
      "Core ML's tensors have at most \(ProgramParts.rankLimit)")
  }

  /// Says which tensor holds a value, in which order of axes (its own if none is given).
  func define(_ value: Value, _ tensor: Tensor, _ layout: Layout? = nil) {
    tensors.define(value, tensor, layout ?? .asIs(rank(value)))
  }

  /// The result is the operand, in whatever order of axes there is.
  func emitAlias(of operand: Value, _ result: Value) throws {
    let (tensor, layout) = try anyTensor(operand)
    define(result, tensor, layout)
  }

  /// A value's type with its axes in that order.
  func type(_ value: Value, _ layout: Layout) -> TensorType {
    let own = type(value)
    return TensorType(own.dtype, Shape(layout.applied(to: own.shape.dimensions)))
  }

  /// The tensor that holds a value as it was made, with its order of axes; of weights, their own order.
  func anyTensor(_ value: Value) throws -> (tensor: Tensor, layout: Layout) {
    if let first = tensors.first(value) { return first }
    return (try tensor(value), .asIs(rank(value)))
  }

  /// A tensor with the value in that order of axes (its own if none is given), transposed if there is none yet.
  func tensor(_ value: Value, _ layout: Layout? = nil) throws -> Tensor {
    let layout = layout ?? .asIs(rank(value))
    if let known = tensors.tensor(value, layout) { return known }
    if folded[value] != nil { throw tooManyAxes(value) }
    if constant(value) != nil { return try weight(value, layout) }
    guard let first = tensors.first(value) else {
      throw ExportError(.malformed("a value is read before it is computed"))
    }
    let tensor = block.transpose(first.tensor, layout.permutation(from: first.layout))
    define(value, tensor, layout)
    return tensor
  }

  /// The array of a parameter or constant, if the value is one, in the type that the program has it in.
  func constant(_ value: Value) -> TensorData? {
    let data: TensorData?
    switch graph.nodes[value.node].op {
    case .constant(let array): data = array
    case .parameter(let name): data = parameters[name]
    default: return nil
    }
    // Quantized kernels are stored as integers and read as floats.
    let dtype = type(value).dtype
    guard let data, dtype != .string, dtype != .bool else { return data }
    return try? data.converted(to: dtype)
  }

  private func weight(_ value: Value, _ layout: Layout) throws -> Tensor {
    let key = WeightKey(value: value, layout: layout)
    if let known = weights[key] { return known }
    guard let data = constant(value) else { throw ExportError(.malformed("a parameter has no value")) }
    let tensor = try stored(data, weightName(value), layout, isParameter: isParameter(value))
    weights[key] = tensor
    return tensor
  }

  /// What a constant is called: after the parameter, or its layer.
  func weightName(_ value: Value) -> String {
    if case .parameter(let name) = graph.nodes[value.node].op { return name }
    let own = graph.nodes[value.node].scope
    return own.isEmpty ? "constant" : "\(own)_constant"
  }

  private func isParameter(_ value: Value) -> Bool {
    if case .parameter = graph.nodes[value.node].op { true } else { false }
  }

  /// Stores an array in the order of axes given, in the format that weights are stored in.
  ///
  /// Constants that are no parameters are always stored as they are.
  func stored(_ data: TensorData, _ wish: String, _ layout: Layout, isParameter: Bool) throws -> Tensor {
    guard data.dtype != .string else { throw refused("a text", "Core ML's tensors hold none") }
    let format = parts.weightFormat
    guard isParameter, format.applies(to: data), data.elementCount > 1 else {
      return try parts.constant(try data.transposed(layout.axes), wish)
    }
    switch format {
    case .float32: return try parts.constant(try data.transposed(layout.axes), wish)
    case .float16 where data.shape.count < 2, .bfloat16:
      // Core ML does not know bfloat16, and wants biases as they are: the rounded numbers are stored whole.
      return try parts.constant(try format.rounded(data).transposed(layout.axes), wish)
    case .float16:
      // What float16 does not reach would become infinite.
      guard try data.floats().allSatisfy({ !$0.isFinite || $0.magnitude <= 65504 }) else {
        return try parts.constant(try data.transposed(layout.axes), wish)
      }
      return try parts.widened(try data.converted(to: .float16).transposed(layout.axes), wish)
    case .int8:
      let quantized = try QuantizedArray(data)
      let bytes = quantized.values.map { UInt8(bitPattern: $0) }
      let values = try TensorData(dtype: .int8, shape: quantized.shape, bytes: bytes)
      return try parts.scaled(
        try values.transposed(layout.axes), quantized.scales, axis: layout.position(of: data.shape.count - 1), wish)
    }
  }

  // MARK: Sizes

  /// The size of an axis of a value.
  func size(_ value: Value, axis: Int) throws -> BlockBuilder.Size {
    if let known = shape(value)[axis] { return .known(known) }
    let (tensor, layout) = try anyTensor(value)
    return block.size(tensor, axis: layout.position(of: axis))
  }

  /// The sizes of a value's axes in their own order.
  func sizes(_ value: Value) throws -> [BlockBuilder.Size] {
    var sizes: [BlockBuilder.Size] = []
    for axis in 0..<rank(value) { sizes.append(try size(value, axis: axis)) }
    return sizes
  }

  /// The sizes of a result that is not computed yet, as a target says them.
  func sizes(of result: Value, _ target: [TargetDimension], _ operands: [Value]) throws -> [BlockBuilder.Size]? {
    let known = shape(result)
    var sizes: [BlockBuilder.Size] = []
    for (axis, entry) in target.enumerated() {
      if let size = known[axis] {
        sizes.append(.known(size))
      } else if case .ofOperand(let operand, let from) = entry {
        sizes.append(try size(operands[operand], axis: from))
      } else {
        sizes.append(.known(-1))
      }
    }
    return sizes
  }
}
