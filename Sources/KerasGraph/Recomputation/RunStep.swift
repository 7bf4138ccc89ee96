import KerasCore

/// Nodes that an engine runs at once, with the values that it then reads from memory and stores there.
public struct RunStep: Sendable {
  /// Ascending.
  public var nodes: [Int]
  /// Results of other steps, and sources; values that only rename others stand for those.
  public var reads: [Value]
  public var writes: [Value]
  /// Whether each node can be left out whose result nobody needs.
  public var isDivisible: Bool
  /// Whether running it again gives the same numbers.
  public var isRepeatable: Bool
  /// Bytes that it keeps for its gradient besides what it writes.
  public var keptByteCount: Int

  public init(
    nodes: [Int], reads: [Value], writes: [Value], isDivisible: Bool, isRepeatable: Bool, keptByteCount: Int = 0
  ) {
    self.nodes = nodes
    self.reads = reads
    self.writes = writes
    self.isDivisible = isDivisible
    self.isRepeatable = isRepeatable
    self.keptByteCount = keptByteCount
  }
}

/// A graph of a loss and its gradients as steps in running order, and which of them come before the gradients.
struct ForwardSteps {
  let graph: Graph
  let steps: [RunStep]
  /// Steps up to the loss; those behind it are the backward part.
  let count: Int
  /// The step that stores a value.
  private(set) var producers: [Value: Int] = [:]
  private(set) var stepOfNode: [Int: Int] = [:]
  /// The last step of the forward part that reads a value.
  private(set) var lastReaders: [Value: Int] = [:]
  /// What the backward part reads.
  private(set) var readBehind: Set<Value> = []

  /// `nil` if no step computes the loss.
  init?(_ graph: Graph, _ steps: [RunStep], loss: Value) {
    self.graph = graph
    self.steps = steps
    for (position, step) in steps.enumerated() {
      for node in step.nodes { stepOfNode[node] = position }
      for value in step.writes { producers[value] = position }
    }
    var value = loss
    while stepOfNode[value.node] == nil, let operand = graph.nodes[value.node].operands.first { value = operand }
    guard let last = stepOfNode[value.node] else { return nil }
    count = last + 1
    for (position, step) in steps.enumerated() {
      for value in step.reads {
        if position < count { lastReaders[value] = position } else { readBehind.insert(value) }
      }
    }
  }

  func byteCount(_ value: Value) -> Int { 4 * (graph.shape(value).elementCount ?? 0) }

  /// The value whose elements this one has: nodes of no step only rename their operand.
  func root(_ value: Value) -> Value {
    var value = value
    while stepOfNode[value.node] == nil {
      switch graph.nodes[value.node].op {
      case .iota, .dimension: return value
      default:
        guard let operand = graph.nodes[value.node].operands.first else { return value }
        value = operand
      }
    }
    return value
  }

  /// Bytes of each forward step's results that live on for the backward part.
  func retainedByteCounts() -> [Int] {
    steps.prefix(count).map { step in
      guard step.isRepeatable else { return 0 }
      return step.writes.reduce(step.keptByteCount) { $0 + (readBehind.contains($1) ? byteCount($1) : 0) }
    }
  }

  /// Where the forward part is best cut into so many segments of about equal bytes: positions of steps that begin one.
  ///
  /// Little memory crosses a good cut, for what crosses one is kept.
  func cuts(segments: Int) -> [Int] {
    let retained = retainedByteCounts()
    let total = retained.reduce(0, +)
    guard segments > 1, total > 0 else { return [] }
    var change = [Int](repeating: 0, count: count + 1)
    for (value, last) in lastReaders {
      guard let first = producers[value], first < last, steps[first].isRepeatable else { continue }
      change[first + 1] += byteCount(value)
      change[last + 1] -= byteCount(value)
    }
    var (crossing, before) = ([0], [0])
    for position in 0..<count {
      crossing.append(crossing[position] + change[position + 1])
      before.append(before[position] + retained[position])
    }
    var cuts: [Int] = []
    for number in 1..<segments {
      let target = Double(total) * Double(number) / Double(segments)
      let room = Double(total) / Double(2 * segments)
      let first = (cuts.last ?? 0) + 1
      let candidates = (first..<max(first, count)).filter { abs(Double(before[$0]) - target) <= room }
      let costs = candidates.map { Double(crossing[$0]) + abs(Double(before[$0]) - target) / 2 }
      guard let least = costs.min(), let index = costs.firstIndex(of: least) else { continue }
      cuts.append(candidates[index])
    }
    return cuts
  }
}
