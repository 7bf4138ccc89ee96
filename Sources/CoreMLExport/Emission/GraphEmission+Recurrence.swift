import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  /// MIL's lstm, gru or rnn where its formula is Keras', else a loop.
  func emitRecurrence(_ recurrence: Recurrence, _ operands: [Value], _ index: Int) throws {
    let isPlain = !recurrence.hasMask && !recurrence.hasStateFactors
    let areConstant = (recurrence.hasBias ? [1, 2, 3] : [1, 2]).allSatisfy { constant(operands[$0]) != nil }
    if isPlain, areConstant, let own = OwnRecurrence(recurrence) {
      try emitOwnRecurrence(own, recurrence, operands, index)
    } else {
      try emitLoop(recurrence, operands, index)
    }
  }

  private func emitOwnRecurrence(
    _ own: OwnRecurrence, _ recurrence: Recurrence, _ operands: [Value], _ index: Int
  ) throws {
    let units = recurrence.units
    var x = try tensor(operands[0], .timeFirst(3))
    // Backwards is said by a reversed input: the order in which MIL puts out reversed steps is not documented.
    if recurrence.goBackwards { x = block.add("reverse", ["x": .tensor(x), "axes": .ints([0])], x.type) }
    func weight(_ value: Value) throws -> Tensor {
      guard let data = constant(value) else { throw ExportError(.malformed("a kernel has no value")) }
      return try stored(
        try data.reorderedGates(own.gates, units: units), "\(weightName(value))_gates", Layout([1, 0]),
        isParameter: true)
    }
    var bias = try TensorData.filled(0, shape: [1, recurrence.gateCount * units])
    if let place = recurrence.biasIndex, let data = constant(operands[place]) {
      bias = try data.reshaped([1, data.elementCount]).reorderedGates(own.gates, units: units)
    }
    let vector = try parts.constant(try bias.reshaped([recurrence.gateCount * units]), "\(scope)_bias_gates")
    let states = try initialStates(recurrence, operands)
    let state = states[0].type
    let sequence = Value(node: index)
    let steps = isUsed(sequence) ? x.shape[0] : 1
    let results = [TensorType(.float32, Shape([steps, state.shape[0], units]))]
    let (kernel, recurrent) = (try weight(operands[1]), try weight(operands[2]))
    let made: [Tensor]
    switch recurrence.cell {
    case .lstm:
      made = block.add(
        "lstm",
        [
          "x": .tensor(x), "initial_h": .tensor(states[0]), "initial_c": .tensor(states[1]),
          "weight_ih": .tensor(kernel), "weight_hh": .tensor(recurrent), "bias": .tensor(vector),
          "direction": .text("forward"), "output_sequence": .bool(isUsed(sequence)),
          "recurrent_activation": .text(own.gateActivation), "cell_activation": .text(own.activation),
          "activation": .text(own.activation),
        ], results + [state, state])
    case .gru:
      made = block.add(
        "gru",
        [
          "x": .tensor(x), "initial_h": .tensor(states[0]), "weight_ih": .tensor(kernel),
          "weight_hh": .tensor(recurrent), "bias": .tensor(vector), "direction": .text("forward"),
          "output_sequence": .bool(isUsed(sequence)), "recurrent_activation": .text(own.gateActivation),
          "activation": .text(own.activation),
        ], results + [state])
    case .simple:
      made = block.add(
        "rnn",
        [
          "x": .tensor(x), "initial_h": .tensor(states[0]), "weight_ih": .tensor(kernel),
          "weight_hh": .tensor(recurrent), "bias": .tensor(vector), "direction": .text("forward"),
          "output_sequence": .bool(isUsed(sequence)), "activation": .text(own.activation),
        ], results + [state])
    }
    define(sequence, made[0], .timeFirst(3))
    for state in 1...recurrence.stateCount { define(Value(node: index, output: state), made[state]) }
  }

  /// The states before the first step, `(batch, units)` each.
  func initialStates(_ recurrence: Recurrence, _ operands: [Value]) throws -> [Tensor] {
    guard recurrence.initialStateIndices.isEmpty else {
      return try recurrence.initialStateIndices.map { try tensor(operands[$0]) }
    }
    return [Tensor](repeating: try zeroState(recurrence, operands), count: recurrence.stateCount)
  }

  /// Zeros of shape `(batch, units)`.
  func zeroState(_ recurrence: Recurrence, _ operands: [Value]) throws -> Tensor {
    block.filled(
      block.float(0), Shape([shape(operands[0])[0], recurrence.units]),
      [try size(operands[0], axis: 0), .known(recurrence.units)])
  }
}

/// What of MIL's own recurrences computes a recurrence of Keras.
private struct OwnRecurrence {
  /// Keras' gates in MIL's order.
  let gates: [Int]
  let activation: String
  var gateActivation = ""

  /// `nil` where MIL's formula is another: it has no biases of a GRU's state, and resets the state's product.
  init?(_ recurrence: Recurrence) {
    switch recurrence.cell {
    case .simple: gates = [0]
    // Keras i f c o, MIL i f o c.
    case .lstm: gates = [0, 1, 3, 2]
    // Keras z r h, MIL r h z.
    case .gru(resetAfter: true) where !recurrence.hasBias: gates = [1, 2, 0]
    case .gru: return nil
    }
    guard let word = Self.words[recurrence.activation] else { return nil }
    activation = word
    if recurrence.cell != .simple {
      guard let word = Self.words[recurrence.recurrentActivation] else { return nil }
      gateActivation = word
    }
  }

  /// Activations without numbers of their own; what slope MIL's hard sigmoid has here is not documented.
  private static let words: [CellActivation: String] = [
    .linear: "linear", .unary(.sigmoid): "sigmoid", .unary(.tanh): "tanh", .unary(.relu): "relu",
  ]
}
