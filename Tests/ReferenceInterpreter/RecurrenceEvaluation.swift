import KerasGraph

extension Interpreter {
  /// One sample at a time, one step at a time.
  static func evaluateRecurrence(_ recurrence: Recurrence, _ operands: [Tensor]) -> [Tensor] {
    let x = operands[0]
    let (batch, time, units) = (x.shape[0], x.shape[1], recurrence.units)
    var sequence = Tensor([batch, time, units], filledWith: 0)
    var finalStates = [Tensor](repeating: Tensor([batch, units], filledWith: 0), count: recurrence.stateCount)

    for sample in 0..<batch {
      var states = finalStates.indices.map { state in
        recurrence.hasInitialState
          ? row(operands[recurrence.initialStateIndices.lowerBound + state], sample)
          : [Double](repeating: 0, count: units)
      }
      var previousOutput = [Double](repeating: 0, count: units)
      for step in 0..<time {
        let source = recurrence.goBackwards ? time - 1 - step : step
        let isMasked = recurrence.maskIndex.map { operands[$0][[sample, source]] == 0 } ?? false
        var output = recurrence.zeroOutputForMask ? [Double](repeating: 0, count: units) : previousOutput
        if !isMasked {
          let features = (0..<x.shape[2]).map { x[[sample, source, $0]] }
          let factors = recurrence.stateFactorsIndex.map { gates(recurrence, row(operands[$0], sample)) }
          states = cellStep(recurrence, features, states, factors, operands)
          output = states[0]
          previousOutput = output
        }
        for unit in 0..<units { sequence[[sample, step, unit]] = output[unit] }
      }
      for (state, values) in states.enumerated() {
        for unit in 0..<units { finalStates[state][[sample, unit]] = values[unit] }
      }
    }
    return [sequence] + finalStates
  }

  /// The states after one step of one sample; the first is the output.
  private static func cellStep(
    _ recurrence: Recurrence, _ x: [Double], _ states: [[Double]], _ factors: [[Double]]?, _ operands: [Tensor]
  ) -> [[Double]] {
    let h = states[0]
    let recurrentKernel = operands[2]
    let biases = biasRows(recurrence, operands)
    let fromX = gates(recurrence, add(product(x, operands[1]), biases.input))
    func fromState(_ h: [Double]) -> [[Double]] {
      guard let factors else { return gates(recurrence, add(product(h, recurrentKernel), biases.recurrent)) }
      return factors.indices.map { gate in
        gates(recurrence, add(product(times(h, factors[gate]), recurrentKernel), biases.recurrent))[gate]
      }
    }
    func active(_ line: [Double]) -> [Double] { recurrence.activation.evaluate(line) }
    func gate(_ line: [Double]) -> [Double] { recurrence.recurrentActivation.evaluate(line) }

    switch recurrence.cell {
    case .simple: return [active(add(fromX[0], fromState(h)[0]))]
    case .lstm:
      let sums = Swift.zip(fromX, fromState(h)).map { add($0, $1) }
      let (input, forget, output) = (gate(sums[0]), gate(sums[1]), gate(sums[3]))
      let c = add(times(forget, states[1]), times(input, active(sums[2])))
      return [times(output, active(c)), c]
    case .gru(let resetAfter):
      let recurrent = fromState(h)
      let update = gate(add(fromX[0], recurrent[0]))
      let reset = gate(add(fromX[1], recurrent[1]))
      let candidate =
        resetAfter
        ? active(add(fromX[2], times(reset, recurrent[2])))
        : active(add(fromX[2], fromState(times(reset, h))[2]))
      return [add(times(update, h), times(update.map { 1 - $0 }, candidate))]
    }
  }

  /// The bias added to the input's product, and that added to the state's (zero but for `resetAfter`).
  private static func biasRows(
    _ recurrence: Recurrence, _ operands: [Tensor]
  ) -> (input: [Double], recurrent: [Double]) {
    let zero = [Double](repeating: 0, count: recurrence.units * recurrence.gateCount)
    guard let index = recurrence.biasIndex else { return (zero, zero) }
    let bias = operands[index]
    return bias.shape.count == 2 ? (row(bias, 0), row(bias, 1)) : (bias.values, zero)
  }

  private static func gates(_ recurrence: Recurrence, _ line: [Double]) -> [[Double]] {
    (0..<recurrence.gateCount).map { Array(line[$0 * recurrence.units..<($0 + 1) * recurrence.units]) }
  }

  private static func row(_ matrix: Tensor, _ index: Int) -> [Double] {
    (0..<matrix.shape[1]).map { matrix[[index, $0]] }
  }

  private static func product(_ line: [Double], _ matrix: Tensor) -> [Double] {
    (0..<matrix.shape[1]).map { column in
      line.indices.reduce(0.0) { $0 + line[$1] * matrix[[$1, column]] }
    }
  }

  private static func add(_ a: [Double], _ b: [Double]) -> [Double] { Swift.zip(a, b).map { $0 + $1 } }
  private static func times(_ a: [Double], _ b: [Double]) -> [Double] { Swift.zip(a, b).map { $0 * $1 } }
}

extension CellActivation {
  func evaluate(_ line: [Double]) -> [Double] {
    switch self {
    case .linear: line
    case .unary(let function): line.map { function.evaluate($0) }
    case .softmax: Interpreter.softmax(line)
    }
  }
}
