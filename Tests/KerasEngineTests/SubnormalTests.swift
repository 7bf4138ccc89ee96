import KerasCore
import KerasEngine
import KerasGraph
import Testing

/// Recorded: Keras 2.2.4 (TensorFlow 1.12) and 3.15.1 (TensorFlow 2.21) take such operands of a Dense layer for 0 and
/// give 0 for such results; Keras 1.2.2 on Theano computes with them.
@Suite struct SubnormalTests {
  @Test(arguments: [1, 2, 3]) func countAsZero(threads: Int) throws {
    // Many enough for all threads.
    let rows = 1 << 14
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [nil, 64]))
    let kernel = graph.addParameter("kernel", TensorType(.float32, [64, 32]))
    let product = try graph.add(.matmul(transposeA: false, transposeB: false), [x, kernel])[0]
    graph.outputs = [product, try graph.add(.binary(.add), [x, x])[0], try graph.add(.binary(.multiply), [x, x])[0]]
    let store = ParameterStore()
    try store.set("kernel", TensorData(shape: [64, 32], floats: Array(repeating: 1e-30, count: 64 * 32)))
    let executor = Executor(graph, parameters: store, options: EngineOptions(threads: threads))
    let below = Float.leastNormalMagnitude / 128
    let cases: [(Float, [Float])] = [(1e-10, [0, 2e-10, 1e-20]), (below, [0, 0, 0]), (1e-20, [0, 2e-20, 0])]
    for (operand, expected) in cases {
      let plan = try executor.plan(for: ["x": [rows, 64]])
      let results = try plan.run([
        "x": TensorData(shape: [rows, 64], floats: Array(repeating: operand, count: rows * 64))
      ])
      for (result, value) in zip(results, expected) {
        let found = try result.floats()
        #expect(found.allSatisfy { abs($0 - value) <= abs(value) * 1e-6 }, "\(operand): \(found[0]) for \(value)")
      }
    }
  }

  @Test func thePrecisionOfTheCallingThreadIsItsOwnAgain() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [nil]))
    graph.outputs = [try graph.add(.binary(.multiply), [x, x])[0]]
    let executor = Executor(graph, parameters: ParameterStore(), options: EngineOptions(threads: 2))
    let plan = try executor.plan(for: ["x": [1]])
    #expect(try plan.run(["x": TensorData(shape: [1], floats: [1e-20])])[0].floats() == [0])
    let small = try #require(Float("1e-20"))
    #expect(small * small > 0)
  }
}
