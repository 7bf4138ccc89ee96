import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

/// A recurrence taken apart step by step computes what the interpreter's loops over single samples do.
@Suite struct RecurrenceStepTests {
  private static let cells: [Recurrence.Cell] = [.simple, .lstm, .gru(resetAfter: false), .gru(resetAfter: true)]
  private enum Masking: CaseIterable { case none, repeats, zeroes }

  @Test(arguments: cells.indices)
  func stepsEqualTheRecurrence(_ cell: Int) throws {
    for masking in Masking.allCases {
      for hasFactors in [false, true] {
        for softmax in [false, true] {
          var recurrence = Recurrence(
            cell: Self.cells[cell], units: 3, activation: softmax ? .softmax : .unary(.tanh),
            recurrentActivation: .unary(.hardSigmoid(scale: 0.2, offset: 0.5)), hasBias: true, hasInitialState: true,
            hasMask: masking != .none, goBackwards: false, zeroOutputForMask: masking == .zeroes)
          recurrence.hasStateFactors = hasFactors
          try check(recurrence)
        }
      }
    }
  }

  private func check(_ recurrence: Recurrence) throws {
    let (batch, time, width, units) = (2, 4, 2, 3)
    let columns = recurrence.gateCount * units
    var shapes = [[batch, time, width], [width, columns], [units, columns]]
    shapes.append(recurrence.cell == .gru(resetAfter: true) ? [2, columns] : [columns])
    for _ in 0..<recurrence.stateCount { shapes.append([batch, units]) }
    if recurrence.hasStateFactors { shapes.append([batch, columns]) }
    if recurrence.hasMask { shapes.append([batch, time]) }

    var (inputs, seed): ([String: Tensor], UInt64) = ([:], 7)
    for (index, shape) in shapes.enumerated() {
      let values = (0..<shape.reduce(1, *)).map { _ -> Double in
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let random = Double(seed >> 40) / Double(1 << 24)
        return index == recurrence.maskIndex ? (random < 0.5 ? 0 : 1) : 2 * random - 1
      }
      inputs["x\(index)"] = Tensor(shape, values)
    }

    func operands(_ graph: inout Graph) -> [Value] {
      shapes.enumerated().map { index, shape in
        graph.addInput("x\(index)", TensorType(index == recurrence.maskIndex ? .bool : .float32, Shape(shape)))
      }
    }
    var whole = Graph()
    let wholeOperands = operands(&whole)
    let results = try whole.add(.recurrence(recurrence), wholeOperands)
    let expected = try Interpreter.run(whole, fetching: results, inputs: inputs)
    var steps = Graph()
    let own = operands(&steps)
    let projected = try steps.addInputProjection(recurrence, own)
    let bias = try steps.addRecurrentBias(recurrence, own)
    var states = recurrence.initialStateIndices.map { own[$0] }
    var output = try steps.add(.binary(.subtract), [states[0], states[0]])[0]
    var sequence: [Value] = []
    for index in 0..<time {
      let row = try steps.add(
        .slice(starts: [0, index, 0], limits: [nil, index + 1, nil], strides: [1, 1, 1]), [projected])[0]
      var mask: Value?
      if let maskIndex = recurrence.maskIndex {
        mask = try steps.add(
          .slice(starts: [0, index], limits: [nil, index + 1], strides: [1, 1]), [own[maskIndex]])[0]
      }
      let step = RecurrenceStep(
        projected: try steps.add(.reshape([.fixed(batch), .fixed(columns)]), [row])[0], states: states,
        previousOutput: output, mask: mask, recurrentKernel: own[2], recurrentBias: bias,
        stateFactors: recurrence.stateFactorsIndex.map { own[$0] })
      (output, states) = try steps.addStep(recurrence, step)
      sequence.append(try steps.add(.reshape([.fixed(batch), .fixed(1), .fixed(units)]), [output])[0])
    }
    let joined = try steps.add(.concatenate(axis: 1), sequence)[0]
    let found = try Interpreter.run(steps, fetching: [joined] + states, inputs: inputs)
    for (found, expected) in zip(found, expected) {
      #expect(found.shape == expected.shape)
      for (a, b) in zip(found.values, expected.values) { #expect(abs(a - b) < 1e-12, "\(recurrence)") }
    }
  }
}
