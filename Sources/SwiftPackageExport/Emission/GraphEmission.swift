import KerasCore
import KerasExport
import KerasGraph

/// Turns an op graph into statements of Swift, one for each operation, in terms of the package's `Tensor`.
struct GraphEmission {
  /// A model's input or output as the code says it.
  struct Port {
    var name: String
    var identifier: String
    /// `Float`, `Int32` or `Bool`.
    var element: String
    var shape: Shape
    /// The shape for readers: `(batch, 28, 28)`.
    var shapeText: String
  }

  let source: ExportGraph
  private(set) var inputs: [Port] = []
  private(set) var outputs: [Port] = []
  /// What the outputs' values are called.
  private(set) var results: [String] = []
  private(set) var lines: [String] = []
  private(set) var weights: WeightStore
  /// Whether a number is rounded to a narrower format on the way: results are then not exact to float32's last digits.
  private(set) var roundsNumbers = false

  private var names = SwiftNames(reserved: ["weights", "outputs"])
  private var expressions: [Value: String] = [:]
  private var scope = ""

  var graph: Graph { source.graph }

  /// Throws `ExportError` naming the layer that makes an operation the package has no routine for.
  init(_ source: ExportGraph, format: ExportOptions.WeightFormat) throws(ExportError) {
    self.source = source
    weights = WeightStore(format: format)
    let dimensions = DimensionNames(source)
    for name in source.inputNames {
      guard let value = graph.input(named: name) else { continue }
      let port = Port(
        name: name, identifier: names.unique(name), element: try element(of: value, what: "the input '\(name)'"),
        shape: graph.shape(value), shapeText: Self.text(graph.shape(value), dimensions.ofInput(name)))
      inputs.append(port)
      expressions[value] = port.identifier
    }
    for (index, node) in graph.nodes.enumerated() {
      if node.scope != scope, !node.scope.isEmpty, Self.isStatement(node.op) {
        lines.append("// \(SwiftNames.comment(node.scope))")
        scope = node.scope
      }
      if case .unary(.rounded) = node.op { roundsNumbers = true }
      do {
        try emit(node, index)
      } catch {
        throw error.layer == nil ? ExportError(error.cause, layer: node.scope) : error
      }
    }
    var fields = SwiftNames()
    for (index, name) in source.outputNames.enumerated() {
      let value = graph.outputs[index]
      outputs.append(
        Port(
          name: name, identifier: fields.unique(name), element: try element(of: value, what: "the output '\(name)'"),
          shape: graph.shape(value), shapeText: Self.text(graph.shape(value), dimensions.ofOutput(index))))
      results.append(try expression(value))
    }
  }

  private static func isStatement(_ op: Op) -> Bool {
    switch op {
    case .input, .parameter, .constant: false
    default: true
    }
  }

  private static func text(_ shape: Shape, _ names: [Int: String]) -> String {
    let sizes = shape.dimensions.enumerated().map { axis, size in size.map { "\($0)" } ?? names[axis] ?? "any" }
    return "(\(sizes.joined(separator: ", ")))"
  }

  // MARK: Values

  func type(_ value: Value) -> TensorType { graph.type(value) }

  private func element(of value: Value, what: String) throws(ExportError) -> String {
    let dtype = type(value).dtype
    switch dtype {
    case .bool: return "Bool"
    case .string: throw ExportError(.notExpressible(what: what, reason: "the package's arrays hold no texts"))
    default: return dtype.isInteger ? "Int32" : "Float"
    }
  }

  /// What a value is called in the code; a parameter or constant becomes part of the weights when it is first read.
  mutating func expression(_ value: Value) throws(ExportError) -> String {
    if let known = expressions[value] { return known }
    let node = graph.nodes[value.node]
    guard let data = source.constant(value) else {
      throw ExportError(.malformed("a value is read before it is computed"), layer: node.scope)
    }
    let element = try element(of: value, what: "a constant")
    let text: String
    do {
      let numbers = data.elementCount <= 4 ? try data.doubles() : []
      if case .constant = node.op, data.elementCount <= 4 {
        let literals = numbers.map { number in
          switch element {
          case "Bool": number == 0 ? "false" : "true"
          case "Int32": String(Int32(clamping: Int(number)))
          default: SwiftNames.literal(Float(number))
          }
        }
        text =
          data.shape.isEmpty && !literals.isEmpty
          ? "Tensor<\(element)>(\(literals[0]))"
          : "Tensor<\(element)>(\(data.shape), [\(literals.joined(separator: ", "))])"
      } else {
        var wish = node.scope.isEmpty ? "constant" : "\(node.scope)/constant"
        var isParameter = false
        if case .parameter(let name) = node.op { (wish, isParameter) = (name, true) }
        let isFloat = type(value).dtype.isFloatingPoint
        let stored = isFloat && !data.dtype.isFloatingPoint ? try data.converted(to: .float32) : data
        text = "weights.\(try weights.add(stored, wish: wish, isParameter: isParameter))"
      }
    } catch {
      throw ExportError(.malformed("an array of the weights: \(error)"), layer: node.scope)
    }
    expressions[value] = text
    return text
  }

  /// Says what a node's only result is.
  mutating func define(_ index: Int, _ code: String, throws isThrowing: Bool = false) {
    let node = graph.nodes[index]
    let name = names.unique(node.scope.isEmpty ? "value" : node.scope)
    lines.append("let \(name) = \(isThrowing ? "try " : "")\(code)")
    expressions[Value(node: index)] = name
  }

  /// Says what a node's results are: elements of an array.
  mutating func defineAll(_ index: Int, _ code: String) {
    let name = names.unique(graph.nodes[index].scope.isEmpty ? "value" : graph.nodes[index].scope)
    lines.append("let \(name) = try \(code)")
    for output in graph.nodes[index].types.indices {
      expressions[Value(node: index, output: output)] = "\(name)[\(output)]"
    }
  }

  /// Another name for a value.
  mutating func alias(_ index: Int, _ operand: Value) throws(ExportError) {
    expressions[Value(node: index)] = try expression(operand)
  }

  func refused(_ what: String) -> ExportError {
    ExportError(.notExpressible(what: what, reason: "the package's Swift code has no routine for it"))
  }
}
