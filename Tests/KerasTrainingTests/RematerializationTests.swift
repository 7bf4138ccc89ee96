import KerasCore
import KerasEngine
import KerasGraph
import Testing

/// Cheap results of the forward part that gradients compute anew.
@Suite struct RematerializationTests {
  private let same = Convolution(strides: [1, 1], padding: .same, dilations: [1, 1])

  /// Convolutions, each normalised by its batch's statistics and clipped, and the gradients of their kernels.
  private func network(_ depth: Int) throws -> Graph {
    var graph = Graph()
    var y = graph.addInput("x", TensorType(.float32, [4, 12, 12, 8]))
    var kernels: [Value] = []
    for layer in 0..<depth {
      let kernel = graph.addParameter("kernel\(layer)", TensorType(.float32, [3, 3, 8, 8]))
      kernels.append(kernel)
      let x = try graph.add(.convolution(same), [y, kernel])[0]
      let mean = try graph.add(.reduce(.mean, axes: [0, 1, 2], keepDimensions: false), [x])[0]
      let deviation = try graph.add(.binary(.subtract), [x, mean])[0]
      let squares = try graph.add(.unary(.square), [deviation])[0]
      let variance = try graph.add(.reduce(.mean, axes: [0, 1, 2], keepDimensions: false), [squares])[0]
      let inverse = try graph.add(.unary(.reciprocalSquareRoot), [variance])[0]
      let scaled = try graph.add(.binary(.multiply), [x, inverse])[0]
      let shifted = try graph.add(.binary(.add), [scaled, mean])[0]
      y = try graph.add(.unary(.clip(minimum: -0.5, maximum: 1)), [shifted])[0]
    }
    let squares = try graph.add(.unary(.square), [y])[0]
    let loss = try graph.add(.reduce(.mean, axes: [0, 1, 2, 3], keepDimensions: false), [squares])[0]
    let gradients = try graph.gradients(of: loss, with: kernels)
    graph.outputs = [loss] + gradients.compactMap { $0 }
    return graph
  }

  private func plan(_ graph: Graph) throws -> Plan {
    let store = ParameterStore()
    for name in graph.parameterNames {
      let start = name.utf8.reduce(0) { $0 + Int($1) }
      let values: [Float] = (0..<576).map { Float(($0 * 37 + start) % 101) / 101 - 0.5 }
      try store.set(name, TensorData(shape: [3, 3, 8, 8], floats: values))
    }
    return try Plan(graph, parameters: store, mutableParameters: true)
  }

  @Test func takesLessMemoryForTheSameBits() throws {
    let graph = try network(6)
    let (kept, anew) = (try plan(graph), try plan(graph.rematerializing(loss: graph.outputs[0])))
    let numbers: [Float] = (0..<4608).map { Float($0 * 31 % 103) / 103 - 0.5 }
    let x = try TensorData(shape: [4, 12, 12, 8], floats: numbers)
    let (expected, found) = (try kept.run(["x": x]), try anew.run(["x": x]))
    #expect(expected.count == 7)
    for (a, b) in zip(expected, found) { #expect(try a.floats() == b.floats()) }
    // Each layer keeps a convolution's result and the next one's input, no deviations and no conditions.
    let value = 4 * 4 * 12 * 12 * 8
    #expect(anew.arenaByteCount < 6 * 2 * value + 4 * value)
    #expect(kept.arenaByteCount > 6 * 3 * value)
  }

  @Test func whatIsReadInMemoryStaysAsItIs() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.float32, [64, 32]))
    let kernel = graph.addParameter("kernel", TensorType(.float32, [32, 32]))
    let y = try graph.add(.unary(.relu), [x])[0]
    let product = try graph.add(.matmul(transposeA: false, transposeB: false), [y, kernel])[0]
    let loss = try graph.add(.reduce(.sum, axes: [0, 1], keepDimensions: false), [product])[0]
    graph.outputs = [loss] + (try graph.gradients(of: loss, with: [kernel])).compactMap { $0 }
    let optimized = try graph.withoutDeadCode()
    #expect(try optimized.rematerializing(loss: optimized.outputs[0]).nodes == optimized.nodes)
  }
}
