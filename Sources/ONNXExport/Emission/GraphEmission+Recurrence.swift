import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  /// ONNX' LSTM, GRU or RNN where it computes the same, else a loop.
  func emitRecurrence(_ recurrence: Recurrence, _ operands: [Value], _ index: Int) throws {
    if let activations = ownActivations(recurrence), !recurrence.hasMask, !recurrence.hasStateFactors,
      (recurrence.hasBias ? [1, 2, 3] : [1, 2]).allSatisfy({ constant(operands[$0]) != nil })
    {
      try emitOwnRecurrence(recurrence, activations, operands, index)
    } else {
      try emitScan(recurrence, operands, index)
    }
  }

  // MARK: Activations

  private typealias OwnActivation = (name: String, alpha: Float?, beta: Float?)

  /// The activations in ONNX' order, if it has them: gates, then candidate, then an LSTM's output.
  private func ownActivations(_ recurrence: Recurrence) -> [Attribute]? {
    guard let activation = own(recurrence.activation) else { return nil }
    var all = [activation]
    if recurrence.cell != .simple {
      guard let gate = own(recurrence.recurrentActivation) else { return nil }
      all.insert(gate, at: 0)
    }
    if recurrence.cell == .lstm { all.append(activation) }
    var attributes = [Attribute.strings("activations", all.map(\.name))]
    let (alphas, betas) = (all.compactMap(\.alpha), all.compactMap(\.beta))
    if !alphas.isEmpty { attributes.append(.floats("activation_alpha", alphas)) }
    if !betas.isEmpty { attributes.append(.floats("activation_beta", betas)) }
    return attributes
  }

  private func own(_ activation: CellActivation) -> OwnActivation? {
    switch activation {
    case .linear: ("Affine", 1, 0)
    case .unary(.sigmoid): ("Sigmoid", nil, nil)
    case .unary(.tanh): ("Tanh", nil, nil)
    case .unary(.relu): ("Relu", nil, nil)
    case .unary(.hardSigmoid(let scale, let offset)): ("HardSigmoid", scale, offset)
    default: nil
    }
  }

  // MARK: ONNX' own

  private func emitOwnRecurrence(
    _ recurrence: Recurrence, _ activations: [Attribute], _ operands: [Value], _ index: Int
  ) throws {
    let (type, gates): (String, [Int]) =
      switch recurrence.cell {
      case .simple: ("RNN", [0])
      // z r h in both.
      case .gru: ("GRU", [0, 1, 2])
      // Keras i f c o, ONNX i o f c.
      case .lstm: ("LSTM", [0, 3, 1, 2])
      }
    let x = try tensor(operands[0], .timeFirst(3))
    var inputs = [x, try gateWeight(operands[1], gates, recurrence), try gateWeight(operands[2], gates, recurrence)]
    if let bias = recurrence.biasIndex {
      inputs.append(try gateBias(operands[bias], gates, recurrence))
    } else if recurrence.hasInitialState {
      inputs.append("")
    }
    if recurrence.hasInitialState {
      // No lengths of sequences, then each state with its axis of directions.
      inputs.append("")
      for state in recurrence.initialStateIndices {
        inputs.append(node("Unsqueeze", [try tensor(operands[state]), ints([0])]))
      }
    }
    var attributes = activations + [.int("hidden_size", recurrence.units)]
    if recurrence.goBackwards { attributes.append(.string("direction", "reverse")) }
    if recurrence.cell == .gru(resetAfter: true) { attributes.append(.int("linear_before_reset", 1)) }
    let results = node(type, inputs, results: 1 + recurrence.stateCount, attributes)
    let sequence = Value(node: index)
    if isUsed(sequence) {
      let squeezed = node("Squeeze", [results[0], ints([1])])
      if recurrence.goBackwards {
        try defineBackwards(sequence, inOrderOfTime: squeezed)
      } else {
        define(sequence, squeezed, .timeFirst(3))
      }
    } else {
      define(sequence, results[0])
    }
    for state in 1...recurrence.stateCount {
      let value = Value(node: index, output: state)
      define(value, isUsed(value) ? node("Squeeze", [results[state], ints([0])]) : results[state])
    }
  }

  /// ONNX puts out the steps in the order of time whichever way it goes, Keras in the order computed; where all that
  /// reads them turns them around, they need not be turned at all.
  private func defineBackwards(_ sequence: Value, inOrderOfTime tensor: String) throws {
    let readers = users[sequence] ?? []
    var others = false
    for reader in readers {
      if reader >= 0, case .reverse(axes: [1]) = graph.nodes[reader].op {
        define(Value(node: reader), tensor, .timeFirst(3))
        finished.insert(reader)
      } else {
        others = true
      }
    }
    guard others else { return define(sequence, tensor, .timeFirst(3)) }
    let turned = node("Slice", [tensor, ints([-1]), ints([Int.min]), ints([0]), ints([-1])])
    define(sequence, turned, .timeFirst(3))
  }

  /// A kernel `(in, gates·units)` as `(1, gates·units, in)` with the gates in ONNX' order.
  private func gateWeight(_ value: Value, _ gates: [Int], _ recurrence: Recurrence) throws -> String {
    guard let data = constant(value) else { throw ExportError(.malformed("a kernel has no value")) }
    let ordered = try data.reorderedGates(gates, units: recurrence.units)
    return try stored(ordered, weightName(value), Layout([1, 0]), leadingOnes: 1, isParameter: true)
  }

  /// A bias `(gates·units)` or `(2, gates·units)` as `(1, 2·gates·units)`: the input's, then the state's.
  private func gateBias(_ value: Value, _ gates: [Int], _ recurrence: Recurrence) throws -> String {
    guard let data = constant(value) else { throw ExportError(.malformed("a bias has no value")) }
    let width = recurrence.gateCount * recurrence.units
    let ordered = try data.reshaped([data.elementCount / width, width])
      .reorderedGates(gates, units: recurrence.units)
    var numbers = try ordered.floats()
    numbers += [Float](repeating: 0, count: 2 * width - numbers.count)
    return parts.initializer(try TensorData(shape: [1, 2 * width], floats: numbers), weightName(value))
  }

  private func weightName(_ value: Value) -> String {
    if case .parameter(let name) = graph.nodes[value.node].op { return "\(name)/gates" }
    return "\(scope)/gates"
  }
}
