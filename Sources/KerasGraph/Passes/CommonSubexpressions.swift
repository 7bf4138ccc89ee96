import KerasCore

/// Computes equal expressions once.
struct CommonSubexpressionElimination: RewriteRule {
  private struct Expression: Hashable {
    var op: Op
    var operands: [Value]
  }

  private var known: [Expression: [Value]] = [:]

  /// Weights are compared by neither content nor hash: that would read all of them.
  private static let largestComparedConstant = 4096

  mutating func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]? {
    switch node.op {
    case .input, .parameter: return nil
    case .constant(let data) where data.bytes.count > Self.largestComparedConstant || data.dtype == .string: return nil
    default: break
    }
    var expression = Expression(op: node.op, operands: operands)
    if case .binary(let function) = node.op, function.isCommutative {
      expression.operands.sort { ($0.node, $0.output) < ($1.node, $1.output) }
    }
    if let values = known[expression] { return values }
    let values: [Value]
    if case .constant(let data) = node.op {
      values = [graph.addConstant(data)]
    } else {
      values = try graph.add(node.op, operands)
    }
    known[expression] = values
    return values
  }
}

extension Binary {
  /// Whether f(a, b) = f(b, a).
  var isCommutative: Bool {
    switch self {
    case .add, .multiply, .maximum, .minimum, .logicalAnd, .logicalOr: true
    case .subtract, .divide, .power, .modulo, .floorDivide, .divideNoNaN: false
    }
  }
}
