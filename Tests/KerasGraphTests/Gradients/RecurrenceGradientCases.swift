import KerasGraph

extension GradientCase {
  static let recurrences: [GradientCase] =
    cells.flatMap { cell in
      [
        recurrence(cell),
        recurrence(cell, hasBias: true, recurrentActivation: .unary(.hardSigmoid(scale: 0.2, offset: 0.5))),
        recurrence(cell, hasBias: true, hasInitialState: true, goBackwards: true),
        recurrence(cell, hasBias: true, hasMask: true),
        recurrence(cell, hasInitialState: true, hasMask: true, goBackwards: true, zeroOutputForMask: true),
        recurrence(cell, hasBias: true, hasStateFactors: true),
        recurrence(cell, hasInitialState: true, hasMask: true, goBackwards: true, hasStateFactors: true),
      ]
    } + [
      recurrence(.simple, activation: .linear),
      recurrence(.lstm, hasBias: true, activation: .softmax, recurrentActivation: .softmax),
      recurrence(.gru(resetAfter: true), hasBias: true, activation: .unary(.softplus)),
    ]

  static let cells: [Recurrence.Cell] = [.simple, .gru(resetAfter: false), .gru(resetAfter: true), .lstm]

  private static func recurrence(
    _ cell: Recurrence.Cell, hasBias: Bool = false, hasInitialState: Bool = false, hasMask: Bool = false,
    goBackwards: Bool = false, zeroOutputForMask: Bool = false, hasStateFactors: Bool = false,
    activation: CellActivation = .unary(.tanh),
    recurrentActivation: CellActivation = .unary(.sigmoid)
  ) -> GradientCase {
    let units = 2
    var recurrence = Recurrence(
      cell: cell, units: units, activation: activation, recurrentActivation: recurrentActivation, hasBias: hasBias,
      hasInitialState: hasInitialState, hasMask: hasMask, goBackwards: goBackwards,
      zeroOutputForMask: zeroOutputForMask)
    recurrence.hasStateFactors = hasStateFactors
    let width = units * recurrence.gateCount
    var operands = [
      float([2, 4, 3], unknown: [0, 1]), float([3, width], seed: 2), float([units, width], seed: 3),
    ]
    if hasBias { operands.append(float(cell == .gru(resetAfter: true) ? [2, width] : [width], seed: 4)) }
    if hasInitialState {
      for state in 0..<recurrence.stateCount {
        operands.append(float([2, units], unknown: [0], seed: 5 + UInt64(state)))
      }
    }
    if hasStateFactors {
      var factors = float([2, width], seed: 9)
      factors.isVariable = false
      operands.append(factors)
    }
    if hasMask { operands.append(mask([0, 1, 0, 1, 1, 0, 0, 1], shape: [2, 4], unknown: [0, 1])) }
    let flags = [
      (hasBias, "bias"), (hasInitialState, "initial state"), (hasMask, "mask"), (goBackwards, "backwards"),
      (zeroOutputForMask, "zero output"), (hasStateFactors, "state factors"),
    ].filter(\.0).map(\.1)
    let note = "\(cell) \(recurrentActivation) " + flags.joined(separator: ", ")
    return GradientCase(.recurrence(recurrence), operands, note: note)
  }
}
