import Foundation
import KerasCore
import Testing

@testable import KerasTraining

/// Runs made in parts: checkpoints at every step, early stopping, plateaus, cancellation.
@Suite struct TrainingRunTests {
  private let adam: JSON = ["class_name": "Adam", "config": ["learning_rate": 0.02]]

  /// A model with dropout, batch normalization and regularizers, and 23 samples: four steps an epoch, the last smaller.
  private func trainer(_ options: TrainingOptions? = nil) throws -> Trainer {
    let fixture = try Fixture("keras-2.3.1/mlp_regularizers")
    return try Trainer(model: fixture.model, options: options ?? TrainingOptions(optimizer: adam, seed: 3))
  }

  private func data(count: Int = 23) throws -> DataSet {
    let small = try Fixture("keras-2.3.1/mlp_regularizers").data()
    let width = small.inputs[0].shape[1]
    let classes = small.targets[0].shape[1]
    var random = SplitMix64(state: 5)
    var (x, y): ([Float], [Float]) = ([], [])
    for _ in 0..<count {
      x += (0..<width).map { _ in Float(random.next() % 2000) / 1000 - 1 }
      let label = Int(random.next() % UInt64(classes))
      y += (0..<classes).map { $0 == label ? 1 : 0 }
    }
    return try DataSet(
      inputs: [try TensorData(shape: [count, width], floats: x)],
      targets: [try TensorData(shape: [count, classes], floats: y)])
  }

  private var options: FitOptions {
    var fit = FitOptions(epochs: 3, batchSize: 6, validationSplit: 0.1)
    fit.earlyStopping = EarlyStopping(Monitor("loss"), patience: 9, restoresBest: false)
    fit.reduceOnPlateau = ReduceLROnPlateau(Monitor("val_loss"), factor: 0.5, patience: 1, minDelta: 10)
    return fit
  }

  private func path() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString).checkpoint").path
  }

  @Test(arguments: [nil, 7]) func aRunResumedAtAnyStepEndsWithTheSameBits(shuffleBuffer: Int?) throws {
    var fit = options
    fit.shuffleBuffer = shuffleBuffer
    let samples = try data()
    let whole = try trainer()
    let expected = try whole.fit(samples, fit)
    let expectedWeights = try whole.weights()
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    for stop in 1...11 {
      let first = try trainer().run(samples, fit)
      for _ in 0..<stop { _ = try first.next() }
      try first.checkpoint().write(to: path)
      // Nothing of the first run is left but the file.
      var rest = fit
      rest.resume = try Checkpoint.read(path)
      let second = try trainer()
      let history = try second.fit(samples, rest)
      #expect(try second.weights() == expectedWeights, "after step \(stop)")
      #expect(try second.savedState() == whole.savedState())
      #expect(history.epochs.map(\.json) == expected.epochs.map(\.json), "after step \(stop)")
    }
  }

  @Test func aCheckpointOfAnotherRunIsRefused() throws {
    let samples = try data()
    let run = try trainer().run(samples, options)
    _ = try run.next()
    var fit = options
    fit.resume = try run.checkpoint()
    fit.batchSize = 5
    #expect(throws: TrainingError.self) { try trainer().run(samples, fit) }
    fit.batchSize = 6
    #expect(throws: TrainingError.self) { try trainer(TrainingOptions(optimizer: adam, seed: 4)).run(samples, fit) }
    #expect(throws: TrainingError.self) { try trainer(TrainingOptions(optimizer: "SGD", seed: 3)).run(samples, fit) }
    #expect(throws: TrainingError.self) { try trainer().run(try data(count: 24), fit) }
    _ = try trainer().run(samples, fit)
  }

  @Test func aDamagedCheckpointIsATypedError() throws {
    let run = try trainer().run(try data(), options)
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try run.checkpoint().write(to: path)
    let bytes = try Data(contentsOf: URL(filePath: path))
    for cut in [0, 10, bytes.count / 2, bytes.count - 1] {
      try bytes.prefix(cut).write(to: URL(filePath: path))
      #expect(throws: TrainingError.self) { try Checkpoint.read(path) }
    }
    #expect(throws: TrainingError.self) { try Checkpoint.read(path + "-nowhere") }
  }

  @Test func intervalsWriteCheckpoints() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var fit = options
    fit.checkpoints = CheckpointOptions(path: path, every: .steps(3))
    let run = try trainer().run(try data(), fit)
    for step in 1...3 {
      #expect(!FileManager.default.fileExists(atPath: path), "before step \(step)")
      _ = try run.next()
    }
    #expect(try Checkpoint.read(path).stepsDone == 3)
    fit.checkpoints?.interval = .epochs(2)
    try trainer().fit(try data(), fit)
    let found = try Checkpoint.read(path)
    #expect(found.epochsDone == 2)
    #expect(found.stepsDone == 0)
  }

  @Test func theBestWeightsComeBack() throws {
    var fit = FitOptions(epochs: 12, batchSize: 6)
    fit.earlyStopping = EarlyStopping(Monitor("val_loss"), patience: 2, restoresBest: true)
    let (samples, held) = (try data(), try data(count: 9))
    let trainer = try trainer(TrainingOptions(optimizer: ["class_name": "SGD", "config": ["learning_rate": 0.8]]))
    let run = try trainer.run(samples, validation: held, fit)
    while try run.next() != nil {}
    let losses = run.history.epochs.compactMap { $0.validation?.loss }
    let best = try #require(losses.min())
    #expect(try trainer.evaluate(held, batchSize: 6).loss == best)
    if case .earlyStopping(let epoch)? = run.ending {
      #expect(epoch == losses.count)
      #expect(losses.firstIndex(of: best) == losses.count - 3)
    } else {
      #expect(losses.count == 12)
    }
  }

  @Test func aPlateauLowersTheRate() throws {
    let trainer = try trainer()
    let history = try trainer.fit(try data(), options)
    // No improvement of 10 is possible: the first value counts as one, then each epoch halves.
    #expect(history.epochs.map(\.learningRate) == [0.02, 0.02, Double(Float(0.02)) / 2])
  }

  @Test func aPlateauLowersEachRateOfSeveral() throws {
    let reduction = ReduceLROnPlateau(Monitor("loss"), factor: 0.5, patience: 0, minLearningRate: 0.25)
    var state = ReduceLROnPlateau.State()
    #expect(reduction.update(&state, value: 1, named: "loss", learningRates: [1, 0.25]) == nil)
    #expect(reduction.update(&state, value: 1, named: "loss", learningRates: [1, 0.25]) == [0.5, 0.25])
    #expect(reduction.update(&state, value: 1, named: "loss", learningRates: [0.25, 0.125]) == nil)
  }

  @Test func aWrongMonitorIsNamedBeforeTraining() throws {
    var fit = FitOptions()
    fit.earlyStopping = EarlyStopping(Monitor("val_acc"))
    let error = #expect(throws: TrainingError.self) { try trainer().run(try data(), fit) }
    #expect("\(String(describing: error))".contains("val_acc"))
    var options = TrainingOptions(optimizer: adam)
    options.schedule = .exponentialDecay(rate: 0.1, decay: 0.5, steps: 10, isStaircase: false)
    fit = FitOptions()
    fit.reduceOnPlateau = ReduceLROnPlateau()
    #expect(throws: TrainingError.self) { try trainer(options).run(try data(), fit) }
  }

  @Test func aRunIsAnAsyncSequenceThatEndsWithItsTask() async throws {
    let trainer = try trainer()
    let run = try trainer.run(try data(), options)
    var steps = 0
    for try await progress in run {
      steps += 1
      #expect(progress.training.loss.isFinite)
    }
    #expect(steps == 12)
    #expect(run.ending == .finished)
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    var fit = options
    fit.checkpoints = CheckpointOptions(path: path)
    let (samples, model) = (try data(), trainer.model)
    let ended = Task {
      let run = try Trainer(model: model, options: .init(optimizer: "SGD")).run(samples, fit)
      withUnsafeCurrentTask { $0?.cancel() }
      for try await _ in run {}
      return run.ending
    }
    #expect(try await ended.value == .interrupted(checkpoint: path))
    #expect(FileManager.default.fileExists(atPath: path))
  }

  @Test func anInterruptionInValidationIsMadeUpFor() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let samples = try data()
    let whole = try trainer()
    try whole.fit(samples, options)
    // Four steps, each asked about once; the fifth question comes from the validation's batch.
    let asked = Locked(0)
    var fit = options
    fit.checkpoints = CheckpointOptions(path: path)
    fit.isInterrupted = {
      asked.withLock {
        $0 += 1; return $0 >= 4
      }
    }
    let run = try trainer().run(samples, fit)
    while try run.next() != nil {}
    #expect(run.ending == .interrupted(checkpoint: path))
    #expect(run.epochsDone == 0 && run.stepsDone == 4)
    var rest = options
    rest.resume = try Checkpoint.read(path)
    let second = try trainer()
    try second.fit(samples, rest)
    #expect(try second.weights() == whole.weights())
  }

  @Test func aGradientThatIsNotFiniteNamesItsVariable() throws {
    let trainer = try trainer()
    let before = try trainer.weights()
    let plain = try data(count: 4)
    // Targets so large that the loss is finite in float32 and the gradient is not.
    let huge = try TensorData(
      shape: plain.targets[0].shape, floats: plain.targets[0].floats().map { $0 * 3e38 })
    let run = try trainer.run(
      DataSet(inputs: plain.inputs, targets: [huge]), FitOptions(batchSize: 4, shuffles: false))
    let error = #expect(throws: TrainingError.self) { while try run.next() != nil {} }
    #expect(error?.isNotFinite == true)
    #expect(try trainer.weights() == before)
  }

  @Test func finitenessOfEveryPlaceIsSeen() {
    for count in [1, 7, 8, 9, 31] {
      var values = [Float](repeating: 3e38, count: count)
      #expect(values.withUnsafeBufferPointer { $0.areFinite })
      for place in 0..<count {
        for bad in [Float.nan, .infinity, -.infinity] {
          values[place] = bad
          #expect(!values.withUnsafeBufferPointer { $0.areFinite }, "\(bad) at \(place) of \(count)")
          values[place] = 1
        }
      }
    }
  }

  @Test func weightsThatAreNotFiniteMakeNoCheckpoint() throws {
    let trainer = try trainer()
    let run = try trainer.run(try data(), options)
    _ = try run.next()
    try trainer.setWeights(["dense_1/bias": try .filled(.nan, shape: trainer.store.shape("dense_1/bias") ?? [])])
    let error = #expect(throws: TrainingError.self) { try run.checkpoint() }
    #expect("\(String(describing: error))".contains("dense_1/bias"))
  }
}
