import KerasCore

/// Moves transposes behind the operations that do not mind the order of axes, until two of them meet and cancel.
///
/// A channels_first layer transposes its data in and out: between two such layers nothing of that remains.
struct TransposeMerging: RewriteRule {
  private var constantLike: [Int: Bool] = [:]

  mutating func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]? {
    // Transposed weights do not lead: they follow the data.
    let data = operands.filter { !isMadeOfWeights($0, graph) }
    guard let (source, permutation) = firstTransposed(data.isEmpty ? operands : data, graph) else { return nil }
    let inverse = inversePermutation(permutation)
    func moved(_ op: Op) throws(GraphError) -> [Value] {
      [try graph.apply(.transpose(permutation), try graph.apply(op, source))]
    }
    switch node.op {
    case .transpose(let outer):
      let both = outer.map { permutation[$0] }
      return both == Array(both.indices) ? [source] : [try graph.apply(.transpose(both), source)]
    case .unary, .cast, .stopGradient: return try moved(node.op)
    case .binary, .compare, .select: return try elementwise(node, operands, permutation, &graph)
    case .softmax(let axis): return try moved(.softmax(axis: permutation[axis]))
    case .logSoftmax(let axis): return try moved(.logSoftmax(axis: permutation[axis]))
    case .cumulativeSum(let axis, let reverse):
      return try moved(.cumulativeSum(axis: permutation[axis], reverse: reverse))
    case .reverse(let axes): return try moved(.reverse(axes: axes.map { permutation[$0] }))
    case .pad(let before, let after, let value):
      return try moved(.pad(before: inverse.map { before[$0] }, after: inverse.map { after[$0] }, value: value))
    case .slice(let starts, let limits, let strides):
      return try moved(
        .slice(
          starts: inverse.map { starts[$0] }, limits: inverse.map { limits[$0] }, strides: inverse.map { strides[$0] }))
    case .concatenate(let axis):
      let sources = operands.map { transposed($0, graph) }
      guard sources.allSatisfy({ $0?.permutation == permutation }) else { return nil }
      let joined = try graph.add(.concatenate(axis: permutation[axis]), sources.compactMap { $0?.source })
      return [try graph.apply(.transpose(permutation), joined[0])]
    case .reduce(let reduction, let axes, let keepDimensions):
      let sourceAxes = axes.map { permutation[$0] }.sorted()
      let op = Op.reduce(reduction, axes: sourceAxes, keepDimensions: keepDimensions)
      if keepDimensions { return try moved(op) }
      let reduced = try graph.apply(op, source)
      // Where each remaining axis of the transposed value is found among those of the source.
      let remaining = permutation.enumerated().filter { !axes.contains($0.offset) }.map(\.element)
      let order = remaining.map { axis in remaining.count(where: { $0 < axis }) }
      return order == Array(order.indices) ? [reduced] : [try graph.apply(.transpose(order), reduced)]
    default: return nil
    }
  }

  private func transposed(_ value: Value, _ graph: Graph) -> (source: Value, permutation: [Int])? {
    guard case .transpose(let permutation) = graph.nodes[value.node].op else { return nil }
    return (graph.nodes[value.node].operands[0], permutation)
  }

  private func firstTransposed(_ operands: [Value], _ graph: Graph) -> (source: Value, permutation: [Int])? {
    for operand in operands { if let found = transposed(operand, graph) { return found } }
    return nil
  }

  /// Operands are transposed alike, single numbers, or made of weights, which are cheaply transposed instead.
  private mutating func elementwise(
    _ node: Node, _ operands: [Value], _ permutation: [Int], _ graph: inout Graph
  ) throws(GraphError) -> [Value]? {
    let rank = permutation.count
    guard node.types[0].shape.rank == rank else { return nil }
    for operand in operands {
      let isAlike = transposed(operand, graph)?.permutation == permutation
      let isNumber = graph.shape(operand).dimensions.allSatisfy { $0 == 1 }
      guard isAlike || isNumber || isMadeOfWeights(operand, graph) else { return nil }
    }
    // Weights alone are left to constant folding.
    guard operands.contains(where: { !isMadeOfWeights($0, graph) }) else { return nil }
    var sources: [Value] = []
    for operand in operands {
      if let (source, own) = transposed(operand, graph), own == permutation {
        sources.append(source)
      } else if graph.shape(operand).dimensions.allSatisfy({ $0 == 1 }) {
        // Any order of ones is the same; fewer axes broadcast to the same.
        sources.append(operand)
      } else {
        let size = graph.shape(operand)
        let ones = [TargetDimension](repeating: .fixed(1), count: rank - size.rank)
        let full =
          ones
          + size.dimensions.enumerated().map { axis, size in
            size.map { .fixed($0) } ?? .ofOperand(0, axis: axis)
          }
        let aligned = ones.isEmpty ? operand : try graph.apply(.reshape(full), operand)
        sources.append(try graph.apply(.transpose(inversePermutation(permutation)), aligned))
      }
    }
    return [try graph.apply(.transpose(permutation), try graph.add(node.op, sources)[0])]
  }

  private mutating func isMadeOfWeights(_ value: Value, _ graph: Graph) -> Bool {
    if let known = constantLike[value.node] { return known }
    let node = graph.nodes[value.node]
    var result: Bool
    switch node.op {
    case .constant, .parameter: result = true
    case .input, .random: result = false
    default:
      result = true
      for operand in node.operands where result { result = isMadeOfWeights(operand, graph) }
    }
    constantLike[value.node] = result
    return result
  }
}
