import KerasCore
import KerasModel
import KerasTraining

extension Model {
  /// Trains the model on data and keeps the new weights; without options by the file's own loss and optimizer.
  @discardableResult
  public func fineTune(
    _ data: any SampleSource, validation: (any SampleSource)? = nil, epochs: Int = 1, batchSize: Int = 32,
    validationSplit: Double? = nil, shuffles: Bool = true,
    options: TrainingOptions = TrainingOptions(), activitySemantics: ActivitySemantics = .asSaved,
    progress: (TrainingProgress) -> TrainingDirective = { _ in .proceed }
  ) throws(KerasKitError) -> TrainingHistory {
    let fit = FitOptions(epochs: epochs, batchSize: batchSize, shuffles: shuffles, validationSplit: validationSplit)
    return try fineTune(
      data, validation: validation, fit: fit, options: options, activitySemantics: activitySemantics,
      progress: progress)
  }

  /// Trains the model with everything that a run can be told: early stopping, checkpoints, a shuffle buffer.
  @discardableResult
  public func fineTune(
    _ data: any SampleSource, validation: (any SampleSource)? = nil, fit: FitOptions,
    options: TrainingOptions = TrainingOptions(), activitySemantics: ActivitySemantics = .asSaved,
    progress: (TrainingProgress) -> TrainingDirective = { _ in .proceed }
  ) throws(KerasKitError) -> TrainingHistory {
    let tuning = try fineTuning(
      data, validation: validation, fit: fit, options: options, activitySemantics: activitySemantics)
    while let report = try tuning.next() {
      if progress(report) == .stop { try tuning.stop() }
    }
    return tuning.history
  }

  /// A run to be advanced step by step, or awaited as a sequence of its steps.
  public func fineTuning(
    _ data: any SampleSource, validation: (any SampleSource)? = nil, fit: FitOptions = FitOptions(),
    options: TrainingOptions = TrainingOptions(), activitySemantics: ActivitySemantics = .asSaved
  ) throws(KerasKitError) -> FineTuning {
    try KerasKitError.wrap {
      let trainer = try Trainer(model: loaded, options: trainerOptions(options, activitySemantics))
      return FineTuning(self, try trainer.run(data, validation: validation, fit))
    }
  }
}

/// A model being trained: each `next` makes a step, and at the end the model has the new weights.
///
/// ```swift
/// for try await progress in try model.fineTuning(data, fit: FitOptions(epochs: 5)) {
///   print(progress.epoch, progress.training.loss)
/// }
/// ```
///
/// Who leaves such a loop early calls `stop`, or the model keeps its weights. A cancelled task ends the run as
/// `FitOptions.isInterrupted` does. Not safe to use from several threads at once.
public final class FineTuning: AsyncSequence {
  public let model: Model
  public let run: TrainingRun
  private var isKept = false

  init(_ model: Model, _ run: TrainingRun) {
    self.model = model
    self.run = run
  }

  public var history: TrainingHistory { run.history }
  /// `nil` while the run goes on.
  public var ending: TrainingRun.Ending? { run.ending }

  /// Makes one step; `nil` when the run is over, and the model has the weights.
  public func next() throws(KerasKitError) -> TrainingProgress? {
    do throws(TrainingError) {
      let report = try run.next()
      if run.ending != nil { try keep() }
      return report
    } catch {
      throw .training(error)
    }
  }

  /// Ends the run behind the last step and gives the model the weights so far.
  public func stop() throws(KerasKitError) {
    do throws(TrainingError) {
      try run.stop()
      try keep()
    } catch {
      throw .training(error)
    }
  }

  private func keep() throws(TrainingError) {
    guard !isKept else { return }
    isKept = true
    switch run.ending {
    // Keras' `fit` does so before callbacks restore the best epoch's weights.
    case .finished, .earlyStopping: if run.fit.usesAverages, !run.restoresBest { try run.trainer.useAverages() }
    default: break
    }
    model.loaded.weights = try run.trainer.weights()
    // Another optimizer's state does not go with the training config of the file.
    if run.trainer.options.optimizer == nil {
      model.loaded.optimizerState = try run.trainer.savedState()?.stored(like: model.loaded.weights)
    } else {
      model.loaded.optimizerState = nil
      model.loaded.source.optimizerWeights = []
      // As after `compile` with another optimizer; a file in its source's layout keeps what its release wrote.
      if let chosen = run.trainer.chosenOptimizer { model.loaded.canonical.compile?["optimizer"] = chosen }
    }
    model.predictor = nil
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    let tuning: FineTuning

    public mutating func next() async throws -> TrainingProgress? {
      if Task.isCancelled { try tuning.run.cancel() }
      return try tuning.next()
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(tuning: self) }
}
