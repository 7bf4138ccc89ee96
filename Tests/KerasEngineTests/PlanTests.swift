import KerasCore
import KerasEngine
import KerasGraph
import ReferenceInterpreter
import Testing

@Suite struct PlanTests {
  /// A small convolutional classifier.
  private func classifier(batch: Int) throws -> EngineComparison {
    var comparison = EngineComparison()
    let x = try comparison.input([batch, 12, 12, 3])
    let convolution = Convolution(strides: [1, 1], padding: .same, dilations: [1, 1])
    var y = try comparison.add(.convolution(convolution), x, try comparison.parameter([3, 3, 3, 16]))
    y = try comparison.add(.binary(.add), y, try comparison.parameter([16]))
    y = try comparison.add(.unary(.relu), y)
    let pooling = Pooling(kind: .maximum, window: [2, 2], strides: [2, 2], padding: .valid(2))
    y = try comparison.add(.pool(pooling), y)
    y = try comparison.add(.reshape([.ofOperand(0, axis: 0), .inferred]), y)
    y = try comparison.add(
      .matmul(transposeA: false, transposeB: false), y, try comparison.parameter([576, 10]))
    comparison.graph.outputs = [try comparison.add(.softmax(axis: 1), y)]
    return comparison
  }

  @Test func threadsDoNotChangeTheResult() throws {
    let comparison = try classifier(batch: 8)
    let one = try comparison.plan(threads: 1).run(comparison.inputs)
    let two = try comparison.plan(threads: 2).run(comparison.inputs)
    for (a, b) in zip(one, two) {
      for (x, y) in zip(try a.floats(), try b.floats()) { #expect((x - y).magnitude <= 1e-6) }
    }
  }

  @Test func memoryIsSharedByValuesThatDoNotMeet() throws {
    var comparison = EngineComparison()
    var x = try comparison.input([1000])
    for _ in 0..<50 { x = try comparison.add(.cumulativeSum(axis: 0, reverse: false), x) }
    comparison.graph.outputs = [x]
    #expect(try comparison.plan().arenaByteCount <= 3 * 4096)
  }

  @Test func elementwiseResultsOverwriteOperandsThatEndThere() throws {
    var comparison = EngineComparison()
    var x = try comparison.input([100, 10])
    for _ in 0..<10 {
      x = try comparison.add(.softmax(axis: 1), x)
      x = try comparison.add(.unary(.tanh), x)
    }
    comparison.graph.outputs = [x]
    #expect(try comparison.plan().arenaByteCount <= 2 * 4032)
    try comparison.expectAgreement()
  }

  @Test func inputsAndOutputsInPlace() throws {
    let comparison = try classifier(batch: 1)
    let plan = try comparison.plan()
    let expected = try plan.run(comparison.inputs)[0].floats()
    let bytes = try #require(comparison.inputs["input0"]).bytes
    try plan.withInput("input0") { $0.copyBytes(from: bytes) }
    try plan.execute()
    let found = try plan.withOutput(0) { Array($0.bindMemory(to: Float.self)) }
    #expect(found == expected)
    #expect(throws: EngineError(.noSuch("input 'other'"))) { try plan.withInput("other") { _ in } }
    #expect(throws: EngineError(.noSuch("output number 1"))) { try plan.withOutput(1) { _ in } }
  }

  @Test func profilesNameEveryStep() throws {
    let comparison = try classifier(batch: 1)
    let plan = try comparison.plan()
    #expect(try plan.profile().count == plan.stepDescriptions.count)
    #expect(plan.stepDescriptions.map(\.name) == ["convolution+bias+relu", "pool", "matmul", "softmax"])
    #expect(!plan.stepDescriptions.contains { $0.implementation.hasPrefix("ref") })
  }

  @Test func mutableParametersTakeEffectAtTheNextRun() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([8, 3])
    let w = try comparison.parameter([3, 32])
    comparison.graph.outputs = [try comparison.add(.matmul(transposeA: false, transposeB: false), x, w)]
    let store = try comparison.store()
    let plan = try Plan(comparison.graph, parameters: store, mutableParameters: true)
    let before = try plan.run(comparison.inputs)[0].floats()
    try store.withMutableFloats("parameter0") { for index in $0.indices { $0[index] *= 2 } }
    let after = try plan.run(comparison.inputs)[0].floats()
    for (a, b) in zip(before, after) { #expect((2 * a - b).magnitude < 1e-6) }
  }

  @Test func randomNumbersDependOnSeedStreamAndRunOnly() throws {
    var comparison = EngineComparison()
    let x = try comparison.input([300, 401])
    comparison.graph.outputs = [
      try comparison.add(.random(.uniform, stream: 1), x), try comparison.add(.random(.uniform, stream: 2), x),
      try comparison.add(.random(.normal, stream: 3), x),
    ]
    let plan = try comparison.plan(threads: 1)
    plan.seed = 7
    let first = try plan.run(comparison.inputs)
    let second = try plan.run(comparison.inputs)
    #expect(first[0] != second[0] && first[0] != first[1])
    let other = try comparison.plan(threads: 2)
    other.seed = 7
    #expect(try other.run(comparison.inputs) == first)
    other.seed = 8
    #expect(try other.run(comparison.inputs)[0] != first[0])

    let uniform = try first[0].doubles()
    let count = Double(uniform.count)
    #expect(uniform.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect((uniform.reduce(0, +) / count - 0.5).magnitude < 0.005)
    let normal = try first[2].doubles()
    #expect(normal.allSatisfy { $0.isFinite })
    #expect((normal.reduce(0, +) / count).magnitude < 0.015)
    #expect((normal.reduce(0) { $0 + $1 * $1 } / count - 1).magnitude < 0.02)
  }

  @Test func executorsCompileOncePerShape() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [nil, 3]))
    let w = graph.addParameter("w", TensorType(.float32, [3, 2]))
    graph.outputs = try graph.add(.matmul(transposeA: false, transposeB: false), [x, w])
    let store = ParameterStore()
    try store.set("w", TensorData(shape: [3, 2], floats: [1, 0, 0, 1, 0, 0]))
    let executor = Executor(graph, parameters: store)
    let one = try executor.plan(for: ["x": [1, 3]])
    #expect(try executor.plan(for: ["x": [1, 3]]) === one)
    #expect(try executor.plan(for: ["x": [5, 3]]) !== one)
    let data = try TensorData(shape: [1, 3], floats: [4, 5, 6])
    #expect(try executor.run(["x": data])[0].floats() == [4, 5])
    try store.set("w", TensorData(shape: [3, 2], floats: [0, 1, 1, 0, 0, 0]))
    #expect(try executor.run(["x": data])[0].floats() == [5, 4])
  }

  @Test func plansForOtherBatchSizesShareTheirWeights() throws {
    var comparison = EngineComparison()
    let kernel = try comparison.parameter([12, 40])
    let folded = comparison.graph.addConstant(
      try TensorData(shape: [40, 7], floats: (0..<280).map { _ in comparison.numbers.float() }))
    let recurrentKernel = try comparison.parameter([6, 18])
    let inputKernel = try comparison.parameter([7, 18])
    let window = try comparison.parameter([3, 7, 5])
    let x = comparison.graph.addInput("x", TensorType(.float32, [nil, 4, 12]))
    var y = try comparison.add(.matmul(transposeA: false, transposeB: false), x, kernel)
    y = try comparison.add(.matmul(transposeA: false, transposeB: false), try comparison.add(.unary(.relu), y), folded)
    let recurrence = Recurrence(
      cell: .gru(resetAfter: false), units: 6, activation: .unary(.tanh), recurrentActivation: .unary(.sigmoid),
      hasBias: false, hasInitialState: false, hasMask: false, goBackwards: false, zeroOutputForMask: false)
    let convolution = Convolution(strides: [1], padding: .same, dilations: [1])
    comparison.graph.outputs = [
      try comparison.graph.add(.recurrence(recurrence), [y, inputKernel, recurrentKernel])[0],
      try comparison.add(.convolution(convolution), y, window), folded,
    ]
    let store = try comparison.store()
    let executor = Executor(comparison.graph, parameters: store)
    let parameters = try comparison.parameters.mapValues { try Tensor($0) }
    for batch in [1, 5, 70, 1] {
      let data = try TensorData(
        shape: [batch, 4, 12], floats: (0..<batch * 48).map { _ in comparison.numbers.float() })
      let expected = try Interpreter.run(comparison.graph, inputs: ["x": Tensor(data)], parameters: parameters)
      for (found, reference) in zip(try executor.run(["x": data]), expected) {
        #expect(try difference(found, reference) <= 5e-6, "batch \(batch)")
      }
    }
  }
}
