import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel
@testable import KerasTraining

@Suite struct GradientTests {
  /// Whole training losses in double precision: forward, losses, activity and weight penalties.
  @Test(arguments: [
    "keras-2.3.1/mlp_regularizers", "keras-3/mlp_regularizers", "keras-1.2.2/merge_functional",
    "keras-2.1.3/nested_activity", "keras-2.15/embedding_lstm_mask",
  ]) func gradientsOfTheTrainingLossAreItsFiniteDifferences(_ name: String) throws {
    let fixture = try Fixture(name)
    let data = try fixture.data()
    let lowered = try fixture.model.network.lowered(
      training: true, batchNormalization: fixture.model.semantics.batchNormalization)
    let compile = try CompileConfiguration(fixture.model.canonical.compile, outputNames: lowered.outputNames)
    var loss = try LossGraph(
      ForwardGraph(lowered), compile: compile, semantics: fixture.model.semantics, usesSampleWeights: false,
      addsPenalties: true)
    let gradients = try loss.addGradients()
    var inputs: [String: Tensor] = [:]
    for (input, array) in zip(loss.inputNames, data.inputs) { inputs[input] = try Tensor(array) }
    for (input, array) in zip(loss.targetInputs, data.targets) {
      if let input { inputs[input] = try Tensor(array) }
    }
    var parameters = try fixture.model.weights.mapValues { try Tensor($0) }
    for (state, shape) in lowered.stateParameters { parameters[state] = Tensor(shape, filledWith: 0) }
    let found = try Interpreter.run(
      loss.graph, fetching: gradients.map(\.gradient), inputs: inputs, parameters: parameters)
    for (entry, gradient) in zip(gradients, found) {
      let original = try #require(parameters[entry.name])
      for index in [0, original.count / 2, original.count - 1] {
        func cost(_ shift: Double) throws -> Double {
          var moved = original
          moved.values[index] += shift
          parameters[entry.name] = moved
          defer { parameters[entry.name] = original }
          return try Interpreter.run(loss.graph, fetching: [loss.total], inputs: inputs, parameters: parameters)[0]
            .values[0]
        }
        let difference = (try cost(1e-5) - cost(-1e-5)) / 2e-5
        #expect(abs(gradient.values[index] - difference) <= 1e-5 * max(1, abs(difference)), "\(entry.name)[\(index)]")
      }
    }
  }
}
