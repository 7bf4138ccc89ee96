import KerasGraph

extension UnitSequence {
  /// Has both directions of a bidirectional layer, and other recurrences that follow each other without need of each
  /// other, run at the same time where there are too few samples for every thread to have some.
  ///
  /// Not where a gradient follows.
  static func joiningRecurrences(_ units: [Unit], of concrete: ConcreteGraph, threads: Int) -> [Unit] {
    guard threads > 1 else { return units }
    var result: [Unit] = []
    for unit in units {
      if let last = result.last, let joined = last.joined(with: unit, of: concrete, threads: threads) {
        result[result.count - 1] = joined
      } else {
        result.append(unit)
      }
    }
    return result
  }
}

extension Unit {
  /// Both units in one, if both are recurrences and this one's results are not what the other reads.
  fileprivate func joined(with next: Unit, of concrete: ConcreteGraph, threads: Int) -> Unit? {
    let parts = [self, next].map { $0.undividedRecurrences(of: concrete, threads: threads) }
    guard !parts.contains([]), !next.reads.contains(where: { writes.contains($0) }) else { return nil }
    return Unit(
      work: .recurrences(parts.flatMap { $0 }), nodes: (nodes + next.nodes).sorted(),
      reads: reads + next.reads.filter { !reads.contains($0) }, writes: writes + next.writes)
  }

  /// The nodes of a unit of recurrences, each of which one thread computes; none if it is no such unit.
  private func undividedRecurrences(of concrete: ConcreteGraph, threads: Int) -> [Int] {
    switch work {
    case .recurrences(let nodes): return nodes
    case .node(let node):
      guard case .recurrence(let recurrence) = concrete.graph.nodes[node].op,
        RecurrenceLayout(recurrence, node, in: concrete).parts(threads: threads).count == 1,
        !concrete.hasGradient(node)
      else { return [] }
      return [node]
    case .elementwise, .product: return []
    }
  }
}

extension PlanCompiler {
  func recurrencesScratch(_ nodes: [Int]) -> Int {
    nodes.reduce(0) { $0 + recurrenceScratch($1) }
  }

  private func recurrenceScratch(_ node: Int) -> Int {
    guard case .recurrence(let recurrence) = concrete.graph.nodes[node].op else { return 0 }
    return recurrenceScratch(recurrence, node, in: .forward)
  }

  func recurrencesStep(_ nodes: [Int], scratch: UnsafeMutablePointer<Float>?) throws(EngineError) -> Step {
    var steps: [Step] = []
    var own = scratch
    for node in nodes {
      guard case .recurrence(let recurrence) = concrete.graph.nodes[node].op else { continue }
      steps.append(try recurrenceStep(node, recurrence, own))
      own = own.map { $0 + recurrenceScratch(node) }
    }
    let parts = ParallelParts(steps.count) { [steps] part throws(EngineError) in try steps[part].run() }
    return Step(
      name: "\(steps.count) recurrences", scope: steps.map(\.scope).joined(separator: ", "), implementation: "own",
      work: steps.reduce(0) { $0 + $1.work }
    ) { () throws(EngineError) in try parts.run() }
  }
}
