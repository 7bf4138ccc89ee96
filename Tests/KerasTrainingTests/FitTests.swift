import KerasCore
import Testing

@testable import KerasTraining

@Suite struct FitTests {
  private func trainer(_ options: TrainingOptions = .init()) throws -> (trainer: Trainer, data: DataSet) {
    let fixture = try Fixture("keras-2.3.1/mlp_regularizers")
    return (try Trainer(model: fixture.model, options: options), try fixture.data())
  }

  private let adam: JSON = ["class_name": "Adam", "config": ["learning_rate": 0.02]]

  @Test func trainingLowersTheLoss() throws {
    let (trainer, data) = try trainer(.init(optimizer: adam))
    let before = try trainer.evaluate(data).loss
    let history = try trainer.fit(data, FitOptions(epochs: 60, batchSize: 2))
    #expect(history.epochs.count == 60)
    #expect(try trainer.evaluate(data).loss < 0.7 * before)
    #expect(trainer.optimizer?.iterations == 120)
  }

  @Test func theSameSeedGivesTheSameWeights() throws {
    func weights(_ seed: UInt64) throws -> [String: TensorData] {
      let (trainer, data) = try trainer(.init(optimizer: adam, seed: seed))
      try trainer.fit(data, FitOptions(epochs: 3, batchSize: 1))
      return try trainer.weights()
    }
    #expect(try weights(7) == weights(7))
    #expect(try weights(7) != weights(8))
  }

  @Test func frozenLayersKeepTheirWeights() throws {
    let (trainer, data) = try trainer(.init(freeze: ["dense_1", "dense_2"]))
    try trainer.fit(data)
    let weights = try trainer.weights()
    let changed = Set(
      weights.keys.filter { weights[$0] != trainer.model.weights[$0] }.map { $0.split(separator: "/")[0] })
    #expect(changed == ["batch_normalization_1", "dense_3"])
  }

  @Test func everythingFrozenIsAnError() throws {
    let (trainer, data) = try trainer(.init(freeze: ["*"]))
    #expect(throws: TrainingError.self) { try trainer.fit(data) }
  }

  @Test func aCallbackStopsAfterTheStep() throws {
    let (trainer, data) = try trainer()
    var steps = 0
    let history = try trainer.fit(data, FitOptions(epochs: 5, batchSize: 1)) { _ in
      steps += 1
      return steps == 3 ? .stop : .proceed
    }
    #expect(steps == 3)
    #expect(history.wasStopped)
  }

  @Test func validationIsTheLastSamplesAndIsReportedAtTheEndOfEachEpoch() throws {
    let (trainer, data) = try trainer()
    var reports: [TrainingProgress] = []
    try trainer.fit(data, FitOptions(epochs: 2, batchSize: 2, validationSplit: 0.25)) { progress in
      reports.append(progress)
      return .proceed
    }
    // Three of four samples in batches of two: two steps an epoch.
    #expect(reports.map(\.isEndOfEpoch) == [false, true, false, true])
    #expect(reports.map { $0.validation != nil } == [false, true, false, true])
    let last = try trainer.evaluate(try data.rows(3..<4))
    #expect(reports.last?.validation?.loss == last.loss)
  }

  @Test func aLossThatIsNotFiniteNamesTheLayerAndKeepsTheWeights() throws {
    let (trainer, data) = try trainer()
    let values = try data.inputs[0].floats()
    let broken = try TensorData(shape: data.inputs[0].shape, floats: [.nan] + values.dropFirst())
    let bad = try DataSet(inputs: [broken], targets: data.targets)
    let error = #expect(throws: TrainingError.self) { try trainer.fit(bad) }
    guard case .notFinite(_, epoch: 1, step: 1, layer: let layer) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(layer == "dense_1")
    #expect(try trainer.weights() == trainer.model.weights)
  }

  @Test func optimizerStateHasASlotPerTrainedVariable() throws {
    let (trainer, data) = try trainer(.init(optimizer: adam))
    try trainer.fit(data)
    let state = try trainer.optimizerState()
    #expect(state["dense_1/kernel/momentum"]?.shape == trainer.model.weights["dense_1/kernel"]?.shape)
    #expect(state["dense_1/kernel/velocity"] != nil)
    #expect(state.keys.allSatisfy { !$0.contains("moving_mean") })
  }

  @Test func accuracyIsTheShareOfRightClasses() throws {
    let (trainer, data) = try trainer(.init(metrics: ["accuracy"]))
    let found = try trainer.evaluate(data, batchSize: 3)
    let accuracy = try #require(found.metrics.first { $0.name == "accuracy" }?.value)
    #expect([0, 0.25, 0.5, 0.75, 1].contains(accuracy))
    let fixture = try Fixture("keras-2.3.1/mlp_regularizers")
    let predicted = try #require(fixture.truth["y0"]).doubles()
    let targets = try data.targets[0].doubles()
    func best(_ values: ArraySlice<Double>) -> Int? {
      values.indices.max { values[$0] < values[$1] }.map { $0 - values.startIndex }
    }
    let right = (0..<4).count { best(predicted[$0 * 3..<$0 * 3 + 3]) == best(targets[$0 * 3..<$0 * 3 + 3]) }
    #expect(accuracy == Double(right) / 4)
  }

  @Test func dataThatDoesNotFitIsNamed() throws {
    let (trainer, data) = try trainer()
    let narrow = try DataSet(inputs: [try TensorData(shape: [4, 1], floats: [1, 2, 3, 4])], targets: data.targets)
    #expect(throws: TrainingError.self) { try trainer.evaluate(narrow) }
    #expect(throws: TrainingError.self) { try DataSet(arrays: [:], inputNames: ["x"], outputNames: ["y"]) }
    #expect(throws: TrainingError.self) {
      try DataSet(inputs: data.inputs, targets: [try TensorData(shape: [3], floats: [1, 2, 3])])
    }
  }
}
