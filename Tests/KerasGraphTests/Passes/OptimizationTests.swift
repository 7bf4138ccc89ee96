import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@Suite struct OptimizationTests {
  @Test(arguments: 0..<60)
  func optimizedGraphsComputeTheSame(seed: Int) throws {
    let random = try RandomGraph(seed: UInt64(seed))
    let weights = try random.parameters.mapValues {
      try TensorData(shape: $0.shape, floats: $0.values.map { Float($0) })
    }
    let expected = try Interpreter.run(random.graph, inputs: random.inputs, parameters: random.parameters)
    let inference = try random.graph.optimizedForInference(parameters: weights)
    try expectEqual(inference, random, expected, tolerance: 2e-6)
    let training = try random.graph.optimizedForTraining()
    try expectEqual(training, random, expected, tolerance: 1e-9)
    #expect(inference.nodes.count <= random.graph.nodes.count)

    let types = random.inputs.mapValues { TensorType(.float32, Shape($0.shape)) }
    let concrete = try random.graph.specialized(inputs: types).optimizedForInference(parameters: weights)
    try expectEqual(concrete, random, expected, tolerance: 2e-6)
  }

  @Test(arguments: 0..<20)
  func optimizedGradientsAreTheSame(seed: Int) throws {
    let random = try RandomGraph(seed: UInt64(seed), operations: 12)
    var graph = random.graph
    let output = graph.outputs[0]
    let axes = Array(0..<graph.shape(output).rank)
    let loss = try graph.add(.reduce(.sum, axes: axes, keepDimensions: false), [output])[0]
    let variables = graph.parameterNames.compactMap { graph.parameter(named: $0) }
    graph.outputs = [loss] + (try graph.gradients(of: loss, with: variables)).compactMap { $0 }
    let expected = try Interpreter.run(graph, inputs: random.inputs, parameters: random.parameters)
    let types = random.inputs.mapValues { TensorType(.float32, Shape($0.shape)) }
    for optimized in [try graph.optimizedForTraining(), try graph.specialized(inputs: types).optimizedForTraining()] {
      try expectEqual(optimized, random, expected, tolerance: 1e-9)
    }
  }

  private func expectEqual(
    _ graph: Graph, _ random: RandomGraph, _ expected: [Tensor], tolerance: Double,
    sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) throws {
    let found = try Interpreter.run(graph, inputs: random.inputs, parameters: random.parameters)
    #expect(found.map(\.shape) == expected.map(\.shape), sourceLocation: sourceLocation)
    for (a, b) in zip(found, expected) {
      let scale = b.values.reduce(1) { max($0, abs($1)) }
      let difference = zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(difference <= tolerance * scale, "of \(scale)", sourceLocation: sourceLocation)
    }
  }
}
