import KerasCore
import KerasEngine
import KerasGraph
import Testing

/// Recurrences that need nothing of each other run at the same time.
@Suite struct ConcurrentRecurrencesTests {
  private func recurrence(_ cell: Recurrence.Cell, goBackwards: Bool) -> Recurrence {
    Recurrence(
      cell: cell, units: 20, activation: .unary(.tanh), recurrentActivation: .unary(.sigmoid), hasBias: true,
      hasInitialState: false, hasMask: false, goBackwards: goBackwards, zeroOutputForMask: false)
  }

  /// Both directions over the same inputs, and one more over the first's results.
  private func comparison(_ cell: Recurrence.Cell, batch: Int) throws -> EngineComparison {
    var comparison = EngineComparison(seed: 11)
    let x = try comparison.input([batch, 9, 12])
    func add(_ x: Value, goBackwards: Bool) throws -> Value {
      let recurrence = recurrence(cell, goBackwards: goBackwards)
      let width = recurrence.gateCount * 20
      let inputs = try #require(comparison.graph.shape(x)[2])
      let bias = try comparison.parameter(cell == .gru(resetAfter: true) ? [2, width] : [width])
      return try comparison.graph.add(
        .recurrence(recurrence),
        [x, try comparison.parameter([inputs, width]), try comparison.parameter([20, width]), bias])[0]
    }
    let (forward, backward) = (try add(x, goBackwards: false), try add(x, goBackwards: true))
    let after = try add(forward, goBackwards: false)
    let turned = try comparison.add(.reverse(axes: [1]), backward)
    comparison.graph.outputs = [try comparison.add(.concatenate(axis: 2), forward, turned), after]
    return comparison
  }

  @Test(arguments: RecurrenceTests.cells) func bothDirectionsAtOnce(cell: Recurrence.Cell) throws {
    let comparison = try comparison(cell, batch: 1)
    let expected = try comparison.reference()
    let (one, two) = (try comparison.plan(threads: 1), try comparison.plan(threads: 2))
    for _ in 1...3 {
      let results = try two.run(comparison.inputs)
      for (result, reference) in zip(results, expected) { #expect(try difference(result, reference) <= 5e-6) }
      #expect(try results == one.run(comparison.inputs), "the same bits")
    }
    // The third needs the first's results.
    #expect(two.stepDescriptions.filter { $0.name == "2 recurrences" }.count == 1)
    #expect(two.stepDescriptions.filter { $0.name == "recurrence" }.count == 1)
    #expect(one.stepDescriptions.filter { $0.name == "recurrence" }.count == 3)
    #expect(one.work == two.work)
  }

  @Test func enoughSamplesAreSharedInstead() throws {
    let plan = try comparison(.lstm, batch: 4).plan(threads: 2)
    #expect(plan.stepDescriptions.filter { $0.name == "recurrence" }.count == 3)
  }
}
