import KerasCore
import KerasEngine

/// A training run that is advanced step by step: what `Trainer.fit` does in one go.
///
/// ```swift
/// let run = try trainer.run(data, fit: FitOptions(epochs: 5))
/// while let progress = try run.next() { print(progress.training.loss) }
/// ```
///
/// It is an `AsyncSequence` too, whose task's cancellation ends the run as an interruption does. Not safe to use from
/// several threads at once.
public final class TrainingRun {
  /// Why a run is over.
  public enum Ending: Sendable, Hashable {
    /// All epochs were made.
    case finished
    case earlyStopping(epoch: Int)
    /// `stop` was called.
    case stopped
    /// `FitOptions.isInterrupted` said so; the checkpoint's path, if one was written.
    case interrupted(checkpoint: String?)
  }

  public let trainer: Trainer
  public let fit: FitOptions
  /// What became of the epochs so far, those before a checkpoint included.
  public internal(set) var history = TrainingHistory()
  /// `nil` while the run goes on.
  public internal(set) var ending: Ending?
  public internal(set) var epochsDone = 0
  /// Steps made of the present epoch.
  public internal(set) var stepsDone = 0
  public var steps: Int { batches.steps }
  /// Where the last checkpoint of this run was written.
  public internal(set) var lastCheckpoint: String?

  /// Why this run may end with other bits than one that was not interrupted, if it may.
  public internal(set) var resumeProblem: String?
  /// The layers that are computed once for each sample, if there are some.
  public let prefix: PrefixSummary?
  /// Why frozen layers are computed in every epoch, if there are some that are.
  public let prefixObstacle: String?

  /// What steps compute twice to take less memory; `nil` if nothing, and before the first step.
  public var recomputation: RecomputationSummary? { loss.recomputation }

  let loss: CompiledLoss
  let batches: any BatchSequence
  let validation: (batches: any BatchSequence, loss: CompiledLoss)?
  let conditions: JSON
  /// What results depend on by rounding.
  let arithmetic: JSON
  var average: EvaluationAverage
  var early = EarlyStopping.State()
  var plateau = ReduceLROnPlateau.State()
  var best: [String: TensorData] = [:]
  private var hasBegunEpoch = false
  private var epochStart = ContinuousClock.now
  private var samplesSeen = 0

  init(
    _ trainer: Trainer, _ data: any SampleSource, validation: (any SampleSource)?, _ fit: FitOptions
  ) throws(TrainingError) {
    self.trainer = trainer
    self.fit = fit
    var (training, validation) = (data, validation)
    if validation == nil, let share = fit.validationSplit, share > 0 {
      let parts: (training: any SampleSource, validation: any SampleSource) = try data.split(
        validationFraction: share)
      (training, validation) = (parts.training, parts.validation)
    }
    let whole = try trainer.compiledLoss(trains: true, weightRanks: training.weightRanks)
    let read = try trainer.batches(
      training, whole, batchSize: fit.batchSize, classWeights: trainer.options.classWeights,
      shuffleBuffer: fit.shuffles ? fit.shuffleBuffer : 0, shuffles: fit.shuffles)
    let budget = CacheBudget(trainer.options.prefixCache)
    let epochs = fit.epochs - (fit.resume?.epochsDone ?? 0)
    let cached = try trainer.caching(read, whole, trainedBy: whole, budget, epochs: epochs)
    (batches, loss) = (cached.batches, cached.loss)
    var held: (split: SplitLoss, feed: BatchFeed?, count: Int)?
    if let validation {
      let compiled = try trainer.compiledLoss(trains: false, weightRanks: validation.weightRanks)
      let read = try trainer.batches(validation, compiled, batchSize: fit.batchSize)
      let cached = try trainer.caching(read, compiled, trainedBy: whole, budget, epochs: epochs)
      held = cached.split.map { ($0, (read as? MemoryBatches)?.feed, read.count) }
      self.validation = (cached.batches, cached.loss)
    } else {
      self.validation = nil
    }
    prefix = trainer.prefixSummary(
      cached.split, (read as? MemoryBatches)?.feed, count: read.count, validation: held)
    prefixObstacle = try trainer.prefixObstacle(cached.split, read, epochs: epochs)
    average = EvaluationAverage(loss.layout)
    conditions = [
      "samples": JSON(batches.count), "batch_size": JSON(batches.batchSize),
      "seed": .string(String(trainer.options.seed)), "shuffles": .bool(fit.shuffles),
      "shuffle_buffer": fit.shuffleBuffer.map { JSON($0) } ?? .null,
      "optimizer": .string(trainer.optimizer?.className ?? ""),
    ]
    arithmetic = [
      "threads": JSON(trainer.options.threads), "shares_work_from": .number(trainer.options.sharesWorkFrom),
    ]
    trainer.noteTrained(loss)
    try checkMonitors()
    if let checkpoint = fit.resume { try restore(checkpoint) }
  }

  /// Makes one step, and behind the last of an epoch its validation; `nil` when the run is over.
  ///
  /// Throws `TrainingError.notFinite`, `gradientNotFinite` or `weightNotFinite` when numbers are no longer finite: the
  /// weights are then those before the step, or for `weightNotFinite` behind it.
  public func next() throws(TrainingError) -> TrainingProgress? {
    guard ending == nil else { return nil }
    guard epochsDone < fit.epochs, !early.hasStopped else {
      try finish(early.hasStopped ? .earlyStopping(epoch: epochsDone) : .finished)
      return nil
    }
    if !hasBegunEpoch { try beginEpoch() }
    if stepsDone < steps {
      guard let batch = try batches.next() else {
        throw .sampleCount(name: "data", expected: batches.count, found: stepsDone * batches.batchSize)
      }
      average.add(
        try trainer.update(loss, batch, epoch: epochsDone + 1, step: stepsDone + 1), count: batch.rows.count)
      samplesSeen += batch.rows.count
      stepsDone += 1
    }
    var report = progress()
    if stepsDone == steps {
      guard try endEpoch(&report) else { return nil }
    } else if fit.checkpoints?.interval?.isDue(steps: stepsTotal) == true {
      try writeCheckpoint()
    }
    if ending == nil, fit.isInterrupted() { try interrupt() }
    return report
  }

  /// Ends the run behind the step that was made last.
  public func stop() throws(TrainingError) {
    guard ending == nil else { return }
    if stepsDone > 0 { history.epochs.append(epochSoFar) }
    history.wasStopped = true
    try finish(.stopped)
  }

  private var stepsTotal: Int { epochsDone * steps + stepsDone }

  private var epochSoFar: TrainingHistory.Epoch {
    .init(training: average.evaluation, validation: nil, learningRate: trainer.currentLearningRate)
  }

  private func beginEpoch() throws(TrainingError) {
    // A checkpoint from the middle of an epoch has its averages.
    if stepsDone == 0 { average = EvaluationAverage(loss.layout) }
    try batches.begin(epoch: epochsDone + 1, skipping: stepsDone)
    epochStart = .now
    samplesSeen = 0
    hasBegunEpoch = true
  }

  private func progress() -> TrainingProgress {
    let elapsed = (ContinuousClock.now - epochStart) / .seconds(1)
    return TrainingProgress(
      epoch: epochsDone + 1, epochs: fit.epochs, step: stepsDone, steps: steps, training: average.evaluation,
      validation: nil, samplesPerSecond: elapsed > 0 ? Double(samplesSeen) / elapsed : 0,
      learningRate: trainer.currentLearningRate)
  }

  /// Validation, callbacks and the checkpoint; `false` if it was interrupted before the epoch was complete.
  private func endEpoch(_ report: inout TrainingProgress) throws(TrainingError) -> Bool {
    if let validation {
      guard
        let found = try trainer.evaluate(validation.batches, validation.loss, isInterrupted: fit.isInterrupted)
      else {
        try interrupt()
        return false
      }
      report.validation = found
    }
    let epoch = TrainingHistory.Epoch(
      training: report.training, validation: report.validation, learningRate: report.learningRate)
    history.epochs.append(epoch)
    epochsDone += 1
    stepsDone = 0
    hasBegunEpoch = false
    try runCallbacks(epoch)
    if fit.checkpoints?.interval?.isDue(steps: stepsTotal, epochs: epochsDone) == true { try writeCheckpoint() }
    if early.hasStopped {
      history.wasStopped = true
      try finish(.earlyStopping(epoch: epochsDone))
    } else if epochsDone == fit.epochs {
      try finish(.finished)
    }
    return true
  }

  private func interrupt() throws(TrainingError) {
    if fit.checkpoints != nil { try writeCheckpoint() }
    history.wasStopped = true
    ending = .interrupted(checkpoint: fit.checkpoints?.path)
  }

  private func finish(_ ending: Ending) throws(TrainingError) {
    self.ending = ending
    if restoresBest { try trainer.setWeights(best) }
  }

  /// Whether the weights at the end are those of the best epoch.
  public var restoresBest: Bool { fit.earlyStopping?.restoresBest == true && !best.isEmpty }
}

extension TrainingRun: AsyncSequence {
  /// Makes the steps where it is awaited.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let run: TrainingRun

    public mutating func next() async throws -> TrainingProgress? {
      if Task.isCancelled {
        try run.cancel()
        return nil
      }
      return try run.next()
    }
  }

  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(run: self) }

  /// Ends the run as `FitOptions.isInterrupted` does.
  public func cancel() throws(TrainingError) {
    if ending == nil { try interrupt() }
  }
}
