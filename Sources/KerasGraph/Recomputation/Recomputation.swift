import KerasCore

/// A graph of a loss and its gradients that keeps few results of the forward part: the backward part reads copies of the
/// others, which are computed again right before they are read.
///
/// The copies are nodes of their own that equal expressions must not be merged with: no pass may follow.
public struct Recomputation: Sendable {
  public struct Step: Sendable {
    /// The place among the steps given of the one that this is, or repeats.
    public let source: Int
    public let isCopy: Bool
    /// The nodes in this graph, in the order of the source's.
    public let nodes: [Int]
    public let writes: [Value]
  }

  public let graph: Graph
  /// In running order.
  public let steps: [Step]

  /// How many steps run twice.
  public var copyCount: Int { steps.count(where: \.isCopy) }
}

extension Graph {
  /// The same results with the forward part in so many segments, of which only what crosses from one to another is kept,
  /// and the last as a whole.
  ///
  /// `steps` are those of an engine in running order; the forward part ends with the one that computes `loss`. A
  /// recurrence's gradient reads a copy of the recurrence even where its results are kept, for it needs more than these.
  /// `nil` if nothing can be computed again.
  public func recomputing(
    steps: [RunStep], loss: Value, segments: Int
  ) throws(GraphError) -> Recomputation? {
    guard let forward = ForwardSteps(self, steps, loss: loss) else { return nil }
    let cuts = forward.cuts(segments: segments)
    guard !cuts.isEmpty else { return nil }
    var builder = RecomputationBuilder(forward, cuts: cuts)
    return try builder.build()
  }
}

private struct RecomputationBuilder {
  private let forward: ForwardSteps
  private let segments: [Int]
  private let lastSegment: Int
  private var kept: Set<Value> = []
  /// By step: the nodes that are still run where they were, and those of its copy, and what either reads and stores.
  private var own: [Part]
  private var copies: [Part]

  private var graph = Graph()
  private var ownNodes: [Int: Int] = [:]
  private var copyNodes: [Int: Int] = [:]
  /// Nodes of no step that rename a copy.
  private var aliases: [Int: Int] = [:]

  private struct Part {
    var nodes: [Int] = []
    var reads: Set<Value> = []
    var needed: Set<Value> = []
  }

  init(_ forward: ForwardSteps, cuts: [Int]) {
    self.forward = forward
    lastSegment = cuts.count
    var segments: [Int] = []
    for position in 0..<forward.count {
      let previous = segments.last ?? 0
      segments.append(previous < cuts.count && cuts[previous] <= position ? previous + 1 : previous)
    }
    self.segments = segments
    own = Array(repeating: Part(), count: forward.steps.count)
    copies = Array(repeating: Part(), count: forward.count)
    // Small results, such as statistics of channels, are not worth the passes over memory that made them.
    let small = forward.retainedByteCounts().reduce(0, +) / (64 * max(forward.count, 1))
    let outputs = Set(forward.graph.outputs.map { forward.root($0) })
    for (value, step) in forward.producers where step < forward.count {
      let crosses = forward.lastReaders[value].map { segments[$0] > segments[step] } ?? false
      if crosses || outputs.contains(value) || !isRepeated(step) || forward.byteCount(value) <= small {
        kept.insert(value)
      }
    }
    findParts(outputs)
  }

  private func isRepeated(_ step: Int) -> Bool {
    step < forward.count && segments[step] < lastSegment && forward.steps[step].isRepeatable
  }

  /// Whether a step of the backward part, or a copy of a forward one, reads a value's copy.
  private func readsCopy(_ value: Value, by reader: Int) -> Bool {
    guard let step = forward.producers[value], isRepeated(step) else { return false }
    return !kept.contains(value) || isGradient(reader, of: step)
  }

  private func isGradient(_ reader: Int, of step: Int) -> Bool {
    let (gradient, node) = (forward.steps[reader].nodes[0], forward.steps[step].nodes[0])
    guard case .recurrenceGradient(let recurrence) = forward.graph.nodes[gradient].op else { return false }
    return recurrence.results(amongOperandsOfGradient: forward.graph.nodes[gradient].operands)
      .contains { forward.root($0).node == node }
  }

  /// Finds what must be computed where, from the last step to the first.
  private mutating func findParts(_ outputs: Set<Value>) {
    for value in outputs { need(value, copy: false) }
    for position in stride(from: forward.steps.count - 1, through: forward.count, by: -1) {
      own[position].nodes = forward.steps[position].nodes
      own[position].needed = Set(forward.steps[position].writes)
      for value in forward.steps[position].reads { need(value, copy: readsCopy(value, by: position)) }
    }
    for position in stride(from: forward.count - 1, through: 0, by: -1) where !copies[position].needed.isEmpty {
      restrict(&copies[position], position, isCopy: true)
      for value in copies[position].reads { need(value, copy: readsCopy(value, by: position)) }
    }
    for position in stride(from: forward.count - 1, through: 0, by: -1) where !own[position].needed.isEmpty {
      restrict(&own[position], position, isCopy: false)
      for value in own[position].reads { need(value, copy: false) }
    }
  }

  private mutating func need(_ value: Value, copy: Bool) {
    guard let step = forward.producers[value] else { return }
    if copy { copies[step].needed.insert(value) } else { own[step].needed.insert(value) }
  }

  /// Which nodes of a step its needed results take, and what these read.
  private func restrict(_ part: inout Part, _ position: Int, isCopy: Bool) {
    let step = forward.steps[position]
    guard step.isDivisible else {
      part.nodes = step.nodes
      part.reads = Set(step.reads)
      part.needed.formUnion(step.writes)
      return
    }
    var wanted = Set(part.needed.map(\.node))
    var nodes: [Int] = []
    for node in step.nodes.reversed() where wanted.contains(node) {
      nodes.append(node)
      for operand in forward.graph.dataOperands(node) {
        let root = forward.root(operand)
        if forward.stepOfNode[root.node] == position, !(isCopy && isReadFromOwn(root, in: position)) {
          wanted.insert(root.node)
        } else {
          part.reads.insert(root)
        }
      }
    }
    part.nodes = nodes.reversed()
  }

  /// Whether a copy reads a result of the step that it is a copy of.
  private func isReadFromOwn(_ value: Value, in position: Int) -> Bool {
    forward.steps[position].isDivisible && forward.producers[value] != nil && !readsCopy(value, by: position)
  }

  mutating func build() throws(GraphError) -> Recomputation? {
    guard copies.contains(where: { !$0.nodes.isEmpty }) else { return nil }
    for name in forward.graph.inputNames {
      if let value = forward.graph.input(named: name) { _ = try ownNode(value.node) }
    }
    var steps: [Recomputation.Step] = []
    var isCopied = [Bool](repeating: false, count: forward.count)
    for position in forward.steps.indices {
      if position >= forward.count {
        for value in forward.steps[position].reads where readsCopy(value, by: position) {
          if let step = forward.producers[value] { try addCopies(upTo: step, &isCopied, to: &steps) }
        }
      }
      guard !own[position].nodes.isEmpty else { continue }
      var nodes: [Int] = []
      for node in own[position].nodes { nodes.append(try ownNode(node)) }
      steps.append(step(position, own[position], isCopy: false, nodes))
    }
    for output in forward.graph.outputs { graph.outputs.append(try resolved(output, copy: false)) }
    return Recomputation(graph: graph, steps: steps)
  }

  private func step(_ position: Int, _ part: Part, isCopy: Bool, _ nodes: [Int]) -> Recomputation.Step {
    let places = isCopy ? copyNodes : ownNodes
    let writes = forward.steps[position].writes.filter { part.needed.contains($0) }
    return Recomputation.Step(
      source: position, isCopy: isCopy, nodes: nodes,
      writes: writes.compactMap { value in places[value.node].map { Value(node: $0, output: value.output) } })
  }

  /// Adds a step's copy behind those that it reads.
  private mutating func addCopies(
    upTo last: Int, _ isCopied: inout [Bool], to steps: inout [Recomputation.Step]
  ) throws(GraphError) {
    var stack = [last]
    while let top = stack.last {
      let missing = copies[top].reads.filter { readsCopy($0, by: top) }
        .compactMap { forward.producers[$0] }.filter { !isCopied[$0] && $0 != top }
      if isCopied[top] {
        stack.removeLast()
      } else if missing.isEmpty {
        isCopied[top] = true
        stack.removeLast()
        var nodes: [Int] = []
        for node in copies[top].nodes { nodes.append(try copyNode(node)) }
        steps.append(step(top, copies[top], isCopy: true, nodes))
      } else {
        stack += missing.sorted(by: >)
      }
    }
  }

  /// The place in the new graph of a node where it was.
  private mutating func ownNode(_ node: Int) throws(GraphError) -> Int {
    if let known = ownNodes[node] { return known }
    let step = forward.stepOfNode[node]
    let isBehind = step.map { $0 >= forward.count } ?? false
    var operands: [Value] = []
    for operand in forward.graph.nodes[node].operands {
      let copy = isBehind && step.map { readsCopy(forward.root(operand), by: $0) } == true
      operands.append(try resolved(operand, copy: copy))
    }
    let place = try add(node, operands)
    ownNodes[node] = place
    return place
  }

  /// The place of a node's copy.
  private mutating func copyNode(_ node: Int) throws(GraphError) -> Int {
    if let known = copyNodes[node] { return known }
    guard let step = forward.stepOfNode[node] else { return try ownNode(node) }
    var operands: [Value] = []
    for operand in forward.graph.nodes[node].operands {
      let root = forward.root(operand)
      let isInside = forward.stepOfNode[root.node] == step
      let copy = isInside ? !isReadFromOwn(root, in: step) : readsCopy(root, by: step)
      operands.append(try resolved(operand, copy: copy))
    }
    let place = try add(node, operands)
    copyNodes[node] = place
    return place
  }

  /// A value in the new graph; `copy` says which of the two that its elements come from.
  private mutating func resolved(_ value: Value, copy: Bool) throws(GraphError) -> Value {
    if forward.stepOfNode[value.node] != nil {
      return Value(node: try copy ? copyNode(value.node) : ownNode(value.node), output: value.output)
    }
    guard copy else { return Value(node: try ownNode(value.node), output: value.output) }
    if let known = aliases[value.node] { return Value(node: known, output: value.output) }
    var operands: [Value] = []
    for (index, operand) in forward.graph.nodes[value.node].operands.enumerated() {
      // Others than the first give their shape only.
      operands.append(try resolved(operand, copy: index == 0))
    }
    let place = try add(value.node, operands)
    aliases[value.node] = place
    return Value(node: place, output: value.output)
  }

  private mutating func add(_ node: Int, _ operands: [Value]) throws(GraphError) -> Int {
    graph.scope = forward.graph.nodes[node].scope
    return try graph.copy(forward.graph.nodes[node], operands)[0].node
  }
}
