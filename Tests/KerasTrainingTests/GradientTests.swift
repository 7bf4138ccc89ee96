import KerasCore
import KerasGraph
import ReferenceInterpreter
import Testing

@testable import KerasModel
@testable import KerasTraining

@Suite struct GradientTests {
  /// One release's models of every kind, what only an older or newer one has, and what differs in training.
  ///
  /// SpectralNormalization is left out: it stops the gradient at its vectors, so that its gradients are not the loss'.
  private static let cases: [String] = {
    let first = Fixture.names.filter { $0.hasPrefix("keras-2.15/") || $0.hasPrefix("keras-1.2.2/") }
    let others = ["keras-2.3.1/mlp_regularizers", "keras-3/mlp_regularizers", "keras-2.1.3/nested_activity"]
    return first + others + Fixture.modes.filter { !$0.hasSuffix("/spectral") }
  }()

  @Test func thereAreManyModels() { #expect(Self.cases.count >= 40) }

  /// Whole training losses in double precision: forward, losses, activity and weight penalties.
  @Test(arguments: cases) func gradientsOfTheTrainingLossAreItsFiniteDifferences(_ name: String) throws {
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
      guard let input, let value = loss.graph.input(named: input) else { continue }
      var target = try Tensor(array)
      // Class indices may have an axis of 1, which Keras drops.
      if loss.graph.shape(value).rank < target.shape.count { target.shape.removeLast() }
      inputs[input] = target
    }
    var parameters = try fixture.model.weights.mapValues { try Tensor($0) }
    for (state, shape) in lowered.stateParameters { parameters[state] = Tensor(shape, filledWith: 0) }
    let found = try Interpreter.run(
      loss.graph, fetching: gradients.map(\.gradient), inputs: inputs, parameters: parameters)
    for (entry, gradient) in zip(gradients, found) {
      let original = try #require(parameters[entry.name])
      for index in Set([0, original.count / 2, original.count - 1]) {
        func cost(_ shift: Double) throws -> Double {
          var moved = original
          moved.values[index] += shift
          parameters[entry.name] = moved
          defer { parameters[entry.name] = original }
          return try Interpreter.run(loss.graph, fetching: [loss.total], inputs: inputs, parameters: parameters)[0]
            .values[0]
        }
        // Where a kink lies within the step, a smaller one shows the slope at the place itself.
        let isRight = try [1e-5, 1e-7].contains { step in
          let difference = (try cost(step) - cost(-step)) / (2 * step)
          return abs(gradient.values[index] - difference) <= 1e-5 * max(1, abs(difference))
        }
        #expect(isRight, "\(entry.name)[\(index)]")
      }
    }
  }
}
