import KerasCore

/// Puts constants in the place of parameters.
struct ParameterBinding: RewriteRule {
  let values: [String: TensorData]

  mutating func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]? {
    guard case .parameter(let name) = node.op, let data = values[name] else { return nil }
    return [graph.addConstant(data)]
  }
}

extension Graph {
  /// The same graph with these parameters as constants, and all that depends on nothing else computed.
  public func binding(_ values: [String: TensorData]) throws(GraphError) -> Graph {
    var rule = ParameterBinding(values: values)
    return try rewritten(by: &rule).optimizedForInference(parameters: [:])
  }

  /// The parameters whose every use is as the matrix of a product `x · matrix`.
  public var matrixParameters: Set<String> {
    var (matrices, others) = (Set<String>(), Set<String>())
    for node in nodes {
      for (place, operand) in node.operands.enumerated() {
        guard case .parameter(let name) = nodes[operand.node].op else { continue }
        let isMatrix =
          place == 1 && node.op == .matmul(transposeA: false, transposeB: false) && shape(operand).rank == 2
        if isMatrix { matrices.insert(name) } else { others.insert(name) }
      }
    }
    return matrices.subtracting(others)
  }
}
