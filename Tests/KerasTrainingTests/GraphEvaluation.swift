import KerasCore
import KerasGraph
import ReferenceInterpreter

@testable import KerasModel
@testable import KerasTraining

/// A value of a graph made by `build` from constants, in double precision.
func evaluate(_ build: (inout Graph) throws -> Value) throws -> [Double] {
  var graph = Graph()
  let value = try build(&graph)
  return try Interpreter.run(graph, fetching: [value])[0].values
}

func constant(_ shape: [Int], _ values: [Double], _ graph: inout Graph) throws -> Value {
  graph.addConstant(try TensorData(shape: shape, floats: values.map { Float($0) }))
}

/// Whether each pair differs by no more than `tolerance`, relative to the expected value above 1.
func isClose(_ found: [Double], _ expected: [Double], _ tolerance: Double = 1e-5) -> Bool {
  found.count == expected.count
    && zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance * max(1, abs($1)) }
}

/// The meaning of a release as measured, for the choices a test names.
func semantics(_ change: (inout TrainingSemantics) -> Void) -> TrainingSemantics {
  var semantics = TrainingSemantics()
  change(&semantics)
  return semantics
}
