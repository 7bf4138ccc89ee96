import KerasCore
import Testing

@testable import KerasModel
@testable import KerasTraining

@Suite("Models train as the releases that wrote them recorded")
struct RecordedTrainingTests {
  @Test func `There are recorded models of every era`() {
    let releases = [
      "keras-1.2.2", "keras-1.2.2-tf", "keras-2.0.2", "keras-2.1.3", "keras-2.3.1", "keras-2.15", "keras-3",
    ]
    for release in releases {
      #expect(Fixture.names.contains { $0.hasPrefix(release + "/") })
    }
    #expect(Fixture.modes.count >= 11)
    #expect(Fixture.normalizations.count >= 45)
  }

  @Test(arguments: Fixture.names + Fixture.modes) func `The loss before training and its penalties`(_ name: String)
    throws
  {
    let fixture = try Fixture(name)
    let trainer = try Trainer(model: fixture.model)
    let data = try fixture.data()
    let found = try trainer.evaluate(data, batchSize: data.count)
    let expected = try fixture.column("loss_test")[0]
    #expect(abs(found.loss - expected) <= 1e-5 * max(1, abs(expected)))
    guard let recorded = fixture.truth["reg_losses"] else { return }
    let penalties = try recorded.doubles()
    let penalty = penalties.reduce(0, +)
    #expect(abs(found.penalty - penalty) <= 1e-5 * max(1, penalty))
    #expect(abs(found.loss - found.dataLoss - found.penalty) <= 1e-5 * max(1, abs(expected)))
  }

  @Test(arguments: Fixture.names + Fixture.modes + Fixture.normalizations)
  func `The losses of three steps and the weights after them`(
    _ name: String
  ) throws {
    let fixture = try Fixture(name)
    guard let expected = try fixture.weights(afterSteps: 3) else { return }
    var runs = [try Run(fixture, fixture.model.semantics, expected)]
    if fixture.model.semantics.readsIterationsLate {
      // Keras 2.3 on TensorFlow 1 reads its step count before or after the increment, by chance: either is its arithmetic.
      var inOrder = fixture.model.semantics
      inOrder.readsIterationsLate = false
      runs.append(try Run(fixture, inOrder, expected))
    }
    let recorded = try Array(fixture.column("loss_train").prefix(3))
    let best = try #require(runs.min { $0.worstWeight < $1.worstWeight })
    #expect(abs(best.losses[0] - recorded[0]) <= 1e-5 * max(1, abs(recorded[0])))
    #expect(isClose(best.losses, recorded, 1e-5))
    #expect(best.worstWeight <= 1e-4, "\(best.worstParameter)")
  }

  /// Three steps on the recorded batch, and how far the weights are from the recorded ones.
  private struct Run {
    var losses: [Double] = []
    var worstWeight = 0.0
    var worstParameter = ""

    init(_ fixture: Fixture, _ semantics: TrainingSemantics, _ expected: [String: TensorData]) throws {
      let trainer = try Trainer(model: fixture.model, options: .init(freeze: fixture.frozen, semantics: semantics))
      let data = try fixture.data()
      var losses: [Double] = []
      try trainer.fit(data, FitOptions(epochs: 3, batchSize: data.count, shuffles: false)) { progress in
        losses.append(progress.training.loss)
        return .proceed
      }
      self.losses = losses
      let found = try trainer.weights()
      #expect(Set(found.keys) == Set(expected.keys))
      for (parameter, array) in expected {
        let values = try array.doubles()
        let scale = max(1, values.map(\.magnitude).max() ?? 0)
        let differences = zip(try #require(found[parameter]).floatValues, values).map { abs($0 - $1) / scale }
        // NaN counts as far away.
        let worst = differences.map { $0.isNaN ? .infinity : $0 }.max() ?? 0
        if worst > worstWeight { (worstWeight, worstParameter) = (worst, parameter) }
      }
    }
  }
}

extension TensorData {
  fileprivate var floatValues: [Double] { (try? doubles()) ?? [] }
}
