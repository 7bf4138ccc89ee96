import CKernels
import KerasGraph

extension PlanCompiler {
  /// Has both directions of a bidirectional layer, and other recurrences that follow each other without need of each
  /// other, run at the same time where there are too few samples for every thread to have some.
  ///
  /// Not where a gradient follows.
  func joiningRecurrences(_ units: [Unit], threads: Int) -> [Unit] {
    guard threads > 1 else { return units }
    var result: [Unit] = []
    for unit in units {
      guard let own = undividedRecurrence(unit, threads: threads), let last = result.last,
        !unit.reads.contains(where: { last.writes.contains($0) })
      else {
        result.append(unit)
        continue
      }
      let joined: [Int]
      if case .recurrences(let nodes) = last.work {
        joined = nodes + [own]
      } else if let node = undividedRecurrence(last, threads: threads) {
        joined = [node, own]
      } else {
        result.append(unit)
        continue
      }
      result[result.count - 1] = Unit(
        work: .recurrences(joined), nodes: (last.nodes + unit.nodes).sorted(),
        reads: last.reads + unit.reads.filter { !last.reads.contains($0) }, writes: last.writes + unit.writes)
    }
    return result
  }

  /// The node of a unit that is a recurrence which one thread computes.
  private func undividedRecurrence(_ unit: Unit, threads: Int) -> Int? {
    guard case .node(let node) = unit.work, case .recurrence(let recurrence) = concrete.graph.nodes[node].op,
      RecurrenceLayout(recurrence, node, in: concrete).parts(threads: threads).count == 1,
      !hasGradient(node)
    else { return nil }
    return node
  }

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
