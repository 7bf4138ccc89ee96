import KerasCore

extension Recurrence {
  /// How many operands `recurrence` has.
  public var operandCount: Int {
    3 + (hasBias ? 1 : 0) + (hasInitialState ? stateCount : 0) + (hasStateFactors ? 1 : 0) + (hasMask ? 1 : 0)
  }

  /// The recurrence's results among the operands of its gradient.
  public func results(amongOperandsOfGradient operands: [Value]) -> ArraySlice<Value> {
    operands.suffix(2 * (1 + stateCount)).prefix(1 + stateCount)
  }

  /// Position of the bias among the operands.
  public var biasIndex: Int? { hasBias ? 3 : nil }

  /// Positions of the initial states among the operands.
  public var initialStateIndices: Range<Int> {
    let start = hasBias ? 4 : 3
    return start..<start + (hasInitialState ? stateCount : 0)
  }

  /// Position of the state factors among the operands.
  public var stateFactorsIndex: Int? { hasStateFactors ? initialStateIndices.upperBound : nil }

  /// Position of the mask among the operands.
  public var maskIndex: Int? { hasMask ? operandCount - 1 : nil }
}

extension OperandCheck {
  func recurrence(_ recurrence: Recurrence) throws(GraphError) -> [TensorType] {
    try count(recurrence.operandCount)
    return try recurrenceResults(recurrence)
  }

  func recurrenceGradient(_ recurrence: Recurrence) throws(GraphError) -> [TensorType] {
    let resultCount = 1 + recurrence.stateCount
    try count(recurrence.operandCount + 2 * resultCount)
    let results = try recurrenceResults(recurrence)
    for index in 0..<2 * resultCount {
      let operand = operands[recurrence.operandCount + index]
      let expected = results[index % resultCount]
      try sameType(expected, operand)
      _ = try merged(expected.shape, operand.shape, "not the shape of the recurrence's result")
    }
    var inputs = [0, 1, 2]
    if let bias = recurrence.biasIndex { inputs.append(bias) }
    return (inputs + recurrence.initialStateIndices).map { operands[$0] }
  }

  private func recurrenceResults(_ recurrence: Recurrence) throws(GraphError) -> [TensorType] {
    let x = operands[0]
    guard recurrence.units > 0 else { throw unsupported("units must be positive") }
    try floating(x)
    guard x.shape.rank == 3 else {
      throw GraphError(.rank(op: op, expected: "x of shape (batch, time, features)", found: x.shape))
    }
    let units = recurrence.units
    let width = try product(units, recurrence.gateCount)
    try expect(1, Shape([x.shape[2], width]), "the kernel")
    try expect(2, Shape([units, width]), "the recurrent kernel")
    if let bias = recurrence.biasIndex {
      let isDouble = recurrence.cell == .gru(resetAfter: true)
      try expect(bias, Shape(isDouble ? [2, width] : [width]), "the bias")
    }
    var batch = x.shape[0]
    for index in recurrence.initialStateIndices {
      try expect(index, Shape([batch, units]), "an initial state")
      batch = batch ?? operands[index].shape[0]
    }
    if let factors = recurrence.stateFactorsIndex { try expect(factors, Shape([batch, width]), "the state factors") }
    if let mask = recurrence.maskIndex {
      try boolean(operands[mask])
      _ = try merged(operands[mask].shape, Shape([batch, x.shape[1]]), "the mask does not fit x")
    }
    let state = TensorType(x.dtype, Shape([batch, units]))
    let sequence = TensorType(x.dtype, Shape([batch, x.shape[1], units]))
    return [sequence] + Array(repeating: state, count: recurrence.stateCount)
  }

  private func expect(_ index: Int, _ shape: Shape, _ name: String) throws(GraphError) {
    try sameType(operands[0], operands[index])
    _ = try merged(operands[index].shape, shape, "\(name) does not fit")
  }
}
