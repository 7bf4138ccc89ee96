import KerasCore
import KerasExport
import KerasGraph

/// Turns an op graph into nodes of ONNX.
///
/// A value may exist in several orders of its axes, see `LaidOutValues`.
final class GraphEmission {
  let graph: Graph
  let parts: ModelParts
  var nodes: [ONNXNodeProto] = []
  /// The layer on whose behalf nodes are being added.
  var scope = ""
  /// Nodes whose results an earlier one has made already.
  var finished: Set<Int> = []
  /// Which nodes read a value; an output of the graph counts as the node -1.
  let users: [Value: [Int]]

  /// Values that are int64: categories, which may be beyond int32.
  var wide: Set<Value> = []

  private let parameters: [String: TensorData]
  private(set) var tensors = LaidOutValues<String>()
  private var shapes: [String: String] = [:]
  private var sizes: [String: String] = [:]
  private var weights: [WeightKey: String] = [:]

  private struct WeightKey: Hashable {
    var value: Value
    var layout: Layout
    var leadingOnes: Int
  }

  init(_ graph: Graph, parameters: [String: TensorData], parts: ModelParts) {
    (self.graph, self.parameters, self.parts) = (graph, parameters, parts)
    users = graph.readers()
  }

  /// Emits every node; values that `define` has named already are not computed again.
  func emitAll() throws(ExportError) {
    for (index, node) in graph.nodes.enumerated() where !finished.contains(index) {
      scope = node.scope
      guard node.types.indices.contains(where: { !tensors.contains(Value(node: index, output: $0)) }) else { continue }
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

  // MARK: Nodes

  /// Adds a node with several results; their names are made of the layer's.
  func node(
    _ type: String, _ inputs: [String], results: Int, _ attributes: [Attribute] = [], domain: String = ""
  ) -> [String] {
    var proto = ONNXNodeProto()
    proto.name = parts.nodeName(scope.isEmpty ? type : "\(scope)/\(type)")
    proto.opType = type
    proto.input = inputs
    proto.output = (0..<results).map { parts.tensorName("\(proto.name):\($0)") }
    proto.attribute = attributes.map(\.proto)
    if !domain.isEmpty { proto.domain = domain }
    nodes.append(proto)
    return proto.output
  }

  /// Adds a node with one result.
  func node(_ type: String, _ inputs: [String], _ attributes: [Attribute] = [], domain: String = "") -> String {
    node(type, inputs, results: 1, attributes, domain: domain)[0]
  }

  func cast(_ tensor: String, to type: ElementType) -> String { node("Cast", [tensor], [.int("to", type.rawValue)]) }

  // MARK: Values

  func type(_ value: Value) -> TensorType { graph.type(value) }
  func rank(_ value: Value) -> Int { graph.shape(value).rank }
  func isUsed(_ value: Value) -> Bool { users[value] != nil }

  /// Says which tensor holds a value, in which order of axes (its own if none is given).
  func define(_ value: Value, _ name: String, _ layout: Layout? = nil) {
    tensors.define(value, name, layout ?? .asIs(rank(value)))
  }

  /// The tensor that holds a value as it was made, with its order of axes; of weights, their own order.
  func anyTensor(_ value: Value) throws -> (name: String, layout: Layout) {
    if let first = tensors.first(value) { return (first.tensor, first.layout) }
    return (try tensor(value), .asIs(rank(value)))
  }

  /// A tensor with the value in that order of axes (its own if none is given), transposed if there is none yet.
  func tensor(_ value: Value, _ layout: Layout? = nil) throws -> String {
    let layout = layout ?? .asIs(rank(value))
    if let known = tensors.tensor(value, layout) { return known }
    if constant(value) != nil { return try weight(value, layout) }
    guard let first = tensors.first(value) else {
      throw ExportError(.malformed("a value is read before it is computed"))
    }
    let name = node("Transpose", [first.tensor], [.ints("perm", layout.permutation(from: first.layout))])
    define(value, name, layout)
    return name
  }

  /// The orders of axes a value exists in.
  func layouts(_ value: Value) -> [Layout] { tensors.layouts(value) }

  /// The array of a parameter or constant, if the value is one, in the type that ONNX has it in.
  func constant(_ value: Value) -> TensorData? {
    let data: TensorData?
    switch graph.nodes[value.node].op {
    case .constant(let array): data = array
    case .parameter(let name): data = parameters[name]
    default: return nil
    }
    // Quantized kernels are stored as integers and read as floats.
    let dtype = type(value).dtype
    guard let data, dtype.isInteger || dtype.isFloatingPoint else { return data }
    return try? data.converted(to: dtype.isInteger ? .int32 : .float32)
  }

  /// The tensor of a parameter or constant in that order of axes, after so many axes of size 1.
  func weight(_ value: Value, _ layout: Layout, leadingOnes: Int = 0) throws -> String {
    let key = WeightKey(value: value, layout: layout, leadingOnes: leadingOnes)
    if let known = weights[key] { return known }
    guard let data = constant(value) else { throw ExportError(.malformed("a parameter has no value")) }
    let name: String
    if case .parameter(let parameter) = graph.nodes[value.node].op {
      name = try stored(data, parameter, layout, leadingOnes: leadingOnes, isParameter: true)
    } else {
      let own = graph.nodes[value.node].scope
      let wish = own.isEmpty ? "constant" : "\(own)/constant"
      name = try stored(data, wish, layout, leadingOnes: leadingOnes, isParameter: false)
    }
    weights[key] = name
    return name
  }

  // MARK: Sizes

  /// The size of an axis as a tensor of one int64.
  func size(_ value: Value, axis: Int) throws -> String {
    if let known = graph.shape(value)[axis] { return ints([known]) }
    let (tensor, layout) = try anyTensor(value)
    let position = layout.position(of: axis)
    let key = "\(position) \(tensor)"
    if let known = sizes[key] { return known }
    let name = node("Gather", [shape(ofTensor: tensor), ints([position])], [.int("axis", 0)])
    sizes[key] = name
    return name
  }

  /// Sizes as one vector of int64.
  func sizes(_ dimensions: [(value: Value, axis: Int)]) throws -> String {
    try joined(dimensions.map { graph.shape($0.value)[$0.axis].map { .known($0) } ?? .axis($0.value, $0.axis) })
  }

  enum Size {
    case known(Int)
    case axis(Value, Int)
  }

  /// Sizes as one vector of int64.
  func joined(_ dimensions: [Size]) throws -> String {
    var pieces: [String] = []
    var run: [Int] = []
    for dimension in dimensions {
      switch dimension {
      case .known(let size): run.append(size)
      case .axis(let value, let axis):
        if !run.isEmpty { pieces.append(ints(run)) }
        run = []
        pieces.append(try size(value, axis: axis))
      }
    }
    if !run.isEmpty || pieces.isEmpty { pieces.append(ints(run)) }
    return pieces.count == 1 ? pieces[0] : node("Concat", pieces, [.int("axis", 0)])
  }

  /// The shape of a value, its axes in the given order.
  func shape(of value: Value, _ layout: Layout) throws -> String {
    if let known = graph.shape(value).concrete { return ints(layout.applied(to: known)) }
    if let (name, own) = tensors.first(value), own == layout {
      return shape(ofTensor: name)
    }
    return try sizes(layout.axes.map { (value, $0) })
  }

  private func shape(ofTensor name: String) -> String {
    if let known = shapes[name] { return known }
    let shape = node("Shape", [name])
    shapes[name] = shape
    return shape
  }
}
