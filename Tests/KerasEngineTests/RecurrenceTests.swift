import KerasCore
import KerasEngine
import KerasGraph
import Testing

@Suite struct RecurrenceTests {
  static let cells: [Recurrence.Cell] = [.simple, .lstm, .gru(resetAfter: true), .gru(resetAfter: false)]

  /// A comparison of a recurrence, and of its gradient for random gradients of its results.
  private func compare(
    _ recurrence: Recurrence, batch: Int, time: Int, inputs: Int, withGradient: Bool, tolerance: Double = 5e-6
  ) throws {
    var comparison = EngineComparison(seed: UInt64(batch * 100 + time))
    let (units, width) = (recurrence.units, recurrence.gateCount * recurrence.units)
    var operands = [
      try comparison.input([batch, time, inputs]), try comparison.parameter([inputs, width]),
      try comparison.parameter([units, width]),
    ]
    if recurrence.hasBias {
      operands.append(try comparison.parameter(recurrence.cell == .gru(resetAfter: true) ? [2, width] : [width]))
    }
    if recurrence.hasInitialState {
      for _ in 0..<recurrence.stateCount { operands.append(try comparison.input([batch, units])) }
    }
    if recurrence.hasStateFactors { operands.append(try comparison.input([batch, width])) }
    if recurrence.hasMask { operands.append(try comparison.boolInput([batch, time])) }
    let results = try comparison.graph.add(.recurrence(recurrence), operands)
    comparison.graph.outputs = results
    if withGradient {
      var gradients = [try comparison.input([batch, time, units])]
      for _ in 0..<recurrence.stateCount { gradients.append(try comparison.input([batch, units])) }
      comparison.graph.outputs += try comparison.graph.add(
        .recurrenceGradient(recurrence), operands + results + gradients)
    }
    try comparison.expectAgreement(tolerance, "\(recurrence)")
  }

  private func recurrence(
    _ cell: Recurrence.Cell, units: Int = 5, activation: CellActivation = .unary(.tanh),
    recurrentActivation: CellActivation = .unary(.sigmoid), hasBias: Bool = true, hasInitialState: Bool = false,
    hasMask: Bool = false, goBackwards: Bool = false, zeroOutputForMask: Bool = false
  ) -> Recurrence {
    Recurrence(
      cell: cell, units: units, activation: activation, recurrentActivation: recurrentActivation, hasBias: hasBias,
      hasInitialState: hasInitialState, hasMask: hasMask, goBackwards: goBackwards, zeroOutputForMask: zeroOutputForMask
    )
  }

  @Test(arguments: cells, [1, 3, 7]) func everyCellForwardAndBackward(cell: Recurrence.Cell, batch: Int) throws {
    for hasBias in [false, true] {
      for withGradient in [false, true] {
        try compare(recurrence(cell, hasBias: hasBias), batch: batch, time: 6, inputs: 4, withGradient: withGradient)
      }
    }
  }

  @Test(arguments: cells) func masksAndInitialStates(cell: Recurrence.Cell) throws {
    for hasInitialState in [false, true] {
      for goBackwards in [false, true] {
        for zeroOutput in [false, true] {
          let recurrence = recurrence(
            cell, hasInitialState: hasInitialState, hasMask: true, goBackwards: goBackwards,
            zeroOutputForMask: zeroOutput)
          try compare(recurrence, batch: 5, time: 7, inputs: 3, withGradient: false)
          try compare(recurrence, batch: 5, time: 7, inputs: 3, withGradient: true)
        }
      }
    }
  }

  @Test(arguments: cells) func otherActivations(cell: Recurrence.Cell) throws {
    let pairs: [(CellActivation, CellActivation)] = [
      (.unary(.tanh), .unary(.hardSigmoid(scale: 0.2, offset: 0.5))), (.unary(.relu), .unary(.sigmoid)),
      (.linear, .unary(.hardSigmoid(scale: 1 / 6, offset: 0.5))), (.softmax, .unary(.sigmoid)),
      (.unary(.elu(alpha: 1)), .softmax), (.unary(.softplus), .unary(.tanh)), (.unary(.silu), .unary(.sigmoid)),
      (.unary(.gelu(approximate: false)), .unary(.sigmoid)), (.unary(.sine), .unary(.leakyRelu(slope: 0.1))),
    ]
    for (activation, recurrentActivation) in pairs {
      let recurrence = recurrence(cell, activation: activation, recurrentActivation: recurrentActivation)
      try compare(recurrence, batch: 2, time: 3, inputs: 3, withGradient: true, tolerance: 2e-5)
    }
  }

  @Test(arguments: cells) func stateFactorsOfRecurrentDropout(cell: Recurrence.Cell) throws {
    for (hasMask, goBackwards) in [(false, false), (true, true)] {
      var recurrence = recurrence(cell, hasInitialState: goBackwards, hasMask: hasMask, goBackwards: goBackwards)
      recurrence.hasStateFactors = true
      for batch in [1, 6, 70] {
        try compare(recurrence, batch: batch, time: 5, inputs: 3, withGradient: false)
        try compare(recurrence, batch: batch, time: 5, inputs: 3, withGradient: true, tolerance: 1e-5)
      }
    }
  }

  @Test(arguments: cells) func manyUnits(cell: Recurrence.Cell) throws {
    try compare(
      recurrence(cell, units: 70, hasMask: true), batch: 6, time: 4, inputs: 33, withGradient: true, tolerance: 1e-5)
    try compare(recurrence(cell, units: 70), batch: 1, time: 4, inputs: 33, withGradient: false, tolerance: 1e-5)
  }
}
