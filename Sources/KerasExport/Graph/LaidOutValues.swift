import KerasGraph

/// Which written tensors hold a graph's values, each in one or several orders of its axes.
///
/// Windows want channels first, recurrences time first: an operation takes its operands in the order they are in where it
/// can, so that transposes stand only where the order must change.
public struct LaidOutValues<Tensor> {
  private var entries: [Value: [(layout: Layout, tensor: Tensor)]] = [:]

  public init() {}

  /// Says that a tensor holds a value, in that order of axes.
  public mutating func define(_ value: Value, _ tensor: Tensor, _ layout: Layout) {
    entries[value, default: []].append((layout, tensor))
  }

  public func contains(_ value: Value) -> Bool { entries[value] != nil }

  /// The tensor that holds a value as it was made.
  public func first(_ value: Value) -> (tensor: Tensor, layout: Layout)? {
    entries[value]?.first.map { ($0.tensor, $0.layout) }
  }

  public func tensor(_ value: Value, _ layout: Layout) -> Tensor? {
    entries[value]?.first { $0.layout == layout }?.tensor
  }

  /// The orders of axes a value exists in.
  public func layouts(_ value: Value) -> [Layout] { entries[value]?.map(\.layout) ?? [] }

  /// The order of axes of a result of that rank that needs the least transposing of `operands`, which are no constants.
  public func commonLayout(_ operands: [Value], rank: Int, in graph: Graph) -> Layout {
    let full = operands.filter { graph.shape($0).rank == rank }
    let candidates = full.flatMap { layouts($0) }.filter { !$0.isAsIs } + [.asIs(rank)]
    func cost(_ layout: Layout) -> Int {
      var sum = 0
      for operand in full where !layouts(operand).contains(layout) {
        sum += graph.shape(operand).dimensions.reduce(1) { $0 &* ($1 ?? 1) }
      }
      return sum
    }
    var best = Layout.asIs(rank)
    var least = Int.max
    for candidate in candidates where cost(candidate) < least { (best, least) = (candidate, cost(candidate)) }
    return best
  }
}
