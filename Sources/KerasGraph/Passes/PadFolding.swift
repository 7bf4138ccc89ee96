import KerasCore

/// Lets a convolution pad its input itself instead of reading a padded copy.
struct PadFolding: RewriteRule {
  mutating func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]? {
    switch node.op {
    case .convolution(let convolution):
      guard let (x, merged) = merged(convolution, operands[0], graph) else { return nil }
      return try graph.add(.convolution(merged), [x, operands[1]])
    case .convolutionKernelGradient(let convolution, let spatial):
      guard let (x, merged) = merged(convolution, operands[0], graph) else { return nil }
      return try graph.add(.convolutionKernelGradient(merged, kernelSpatial: spatial), [x, operands[1]])
    default: return nil
    }
  }

  private func merged(_ convolution: Convolution, _ x: Value, _ graph: Graph) -> (Value, Convolution)? {
    let node = graph.nodes[x.node]
    guard case .pad(let before, let after, value: 0) = node.op, before.first == 0, after.first == 0,
      before.last == 0, after.last == 0, case .explicit(let zerosBefore, let zerosAfter) = convolution.padding
    else { return nil }
    var merged = convolution
    merged.padding = .explicit(
      before: zip(zerosBefore, before.dropFirst()).map { $0 + $1 },
      after: zip(zerosAfter, after.dropFirst()).map { $0 + $1 })
    return (node.operands[0], merged)
  }
}
