import KerasGraph

/// A sum or mean over all axes but the last ones, which an elementwise step can take of what it computes.
struct ChannelSum {
  /// The root whose elements are summed.
  let operand: Value
  /// Elements of the result: those of a row.
  let inner: Int
  /// 1, or one over the number of rows for a mean.
  let scale: Float

  /// Two rows of so many floats for each part of the elements still fit into the second-level cache.
  private static let longestRow = 8192

  /// `nil` for other nodes.
  init?(_ index: Int, in concrete: ConcreteGraph) {
    let node = concrete.graph.nodes[index]
    // Not over other axes where the first happens to be of size 1: a sample's sum does not depend on how many there are.
    guard case .reduce(let reduction, let axes, _) = node.op, reduction == .sum || reduction == .mean, axes.contains(0),
      let value = node.operands.first, !concrete.isInt(value)
    else { return nil }
    let shape = concrete.shape(value)
    let large = shape.indices.filter { shape[$0] != 1 }
    let isReduced = large.map { axes.contains($0) }
    let firstKept = isReduced.firstIndex(of: false) ?? large.count
    guard firstKept > 0, !isReduced[firstKept...].contains(true) else { return nil }
    let rows = large[..<firstKept].reduce(1) { $0 * shape[$1] }
    inner = large[firstKept...].reduce(1) { $0 * shape[$1] }
    guard rows > 1, inner > 0, inner <= Self.longestRow else { return nil }
    operand = concrete.root(value)
    scale = reduction == .mean ? 1 / Float(rows) : 1
  }
}
