import KerasGraph
import ReferenceInterpreter
import Testing

@Suite struct RecurrenceInterpreterTests {
  /// The interpreter's loops and the same recurrence written out in other ops.
  @Test(arguments: GradientCase.recurrences)
  func loopsEqualUnrolledGraph(_ example: GradientCase) throws {
    guard case .recurrence(let recurrence) = example.op else { return }
    let unrolled = try Interpreter.unrolled(recurrence, example.operands.map(\.value.shape))
    var inputs: [String: Tensor] = [:]
    var graph = Graph()
    let operands = example.operands.enumerated().map { index, operand in
      inputs["operand\(index)"] = operand.value
      return graph.addInput("operand\(index)", TensorType(operand.dtype, .init(operand.value.shape)))
    }
    graph.outputs = try graph.add(example.op, operands)
    let expected = try Interpreter.run(unrolled, inputs: inputs)
    let found = try Interpreter.run(graph, inputs: inputs)
    #expect(found.map(\.shape) == expected.map(\.shape))
    for (a, b) in zip(found, expected) {
      for (x, y) in zip(a.values, b.values) { #expect(abs(x - y) < 1e-12) }
    }
  }

  /// SimpleRNN(1, linear) with weights 1 after Masking(0), as real Keras 0.3.3 to 3 compute it.
  @Test(arguments: [
    (false, [1.0, 3, 3, 7, 7, 0, 0, 3, 7, 7, 0, 2, 2, 2, 7]), (true, [0, 4, 4, 6, 7, 0, 4, 7, 7, 7, 5, 5, 5, 7, 7]),
  ])
  func maskedStepsRepeatTheOutputAsInKeras(goBackwards: Bool, expected: [Double]) throws {
    let recurrence = Recurrence(
      cell: .simple, units: 1, activation: .linear, recurrentActivation: .linear, hasBias: false,
      hasInitialState: false, hasMask: true, goBackwards: goBackwards, zeroOutputForMask: false)
    let data: [Double] = [1, 2, 0, 4, 0, 0, 0, 3, 4, 0, 0, 2, 0, 0, 5]
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [nil, nil, 1]))
    let one = graph.addInput("one", TensorType(.float32, [1, 1]))
    let mask = graph.addInput("mask", TensorType(.bool, [nil, nil]))
    graph.outputs = try graph.add(.recurrence(recurrence), [x, one, one, mask])
    let found = try Interpreter.run(
      graph,
      inputs: [
        "x": Tensor([3, 5, 1], data), "one": Tensor([1, 1], [1]), "mask": Tensor([3, 5], data.map { $0 == 0 ? 0 : 1 }),
      ])
    #expect(found[0].values == expected)
    #expect(found[1].values == [7, 7, 7])
  }
}
