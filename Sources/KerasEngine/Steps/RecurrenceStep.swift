import CKernels
import KerasGraph

extension PlanCompiler {
  enum Direction { case forward, backward }

  func recurrenceScratch(_ recurrence: Recurrence, _ node: Int, in direction: Direction) -> Int {
    let layout = RecurrenceLayout(recurrence, node, in: concrete)
    switch direction {
    case .forward:
      return layout.parts(threads: Int(kk_threads())).reduce(0) {
        $0 + layout.part($1).forwardScratch(isKept: hasGradient(node))
      }
    case .backward: return layout.backwardScratch
    }
  }

  func recurrenceKept(_ recurrence: Recurrence, _ node: Int) -> Int {
    RecurrenceLayout(recurrence, node, in: concrete).kept
  }

  private func hasGradient(_ node: Int) -> Bool {
    repeatedRecurrences.contains(node) || concrete.hasGradient(node)
  }

  func recurrenceStep(
    _ index: Int, _ recurrence: Recurrence, _ scratch: UnsafeMutablePointer<Float>?
  ) throws(EngineError) -> Step {
    guard let scratch else { throw EngineError(.unsupported(op: "recurrence", reason: "no scratch memory")) }
    let (layout, kept) = (RecurrenceLayout(recurrence, index, in: concrete), keptRecurrences[index])
    var passes: [RecurrenceForward] = []
    var own = scratch
    for rows in layout.parts(threads: Int(kk_threads())) {
      passes.append(
        try RecurrenceForward(layout, rows: rows, node: index, compiler: self, kept: kept, scratch: own))
      own += layout.part(rows).forwardScratch(isKept: kept != nil)
    }
    guard passes.count > 1 else { return step(index) { [pass = passes[0]] () throws(EngineError) in try pass.run() } }
    let parts = ParallelParts(passes.count) { [passes] part throws(EngineError) in try passes[part].run() }
    return step(index) { () throws(EngineError) in try parts.run() }
  }

  func recurrenceGradientStep(
    _ index: Int, _ recurrence: Recurrence, _ scratch: UnsafeMutablePointer<Float>?
  ) throws(EngineError) -> Step {
    guard let scratch, let forward = concrete.forwardRecurrence(of: index), let kept = keptRecurrences[forward] else {
      throw EngineError(.unsupported(op: "recurrenceGradient", reason: "its recurrence is not in the graph"))
    }
    let pass = try RecurrenceBackward(
      RecurrenceLayout(recurrence, index, in: concrete), node: index, compiler: self, kept: kept, scratch: scratch)
    return step(index) { () throws(EngineError) in try pass.run() }
  }
}
