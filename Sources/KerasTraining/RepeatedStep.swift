import KerasEngine

/// One training step on a fixed batch, made again each time it is called: forward, backward and update.
///
/// Meant for benchmarks and profiles.
public struct RepeatedStep {
  private let trainer: Trainer
  private let loss: CompiledLoss
  private let feed: BatchFeed
  private let rows: [Int]

  /// Throws `TrainingError` as `Trainer.fit` does.
  public init(_ trainer: Trainer, on batch: DataSet) throws(TrainingError) {
    self.trainer = trainer
    loss = try trainer.compiledLoss(trains: true, weightRanks: batch.weightRanks)
    feed = try BatchFeed(batch, for: loss.loss, classWeights: trainer.options.classWeights)
    trainer.noteTrained(loss)
    rows = Array(0..<feed.count)
  }

  public func run() throws(TrainingError) {
    _ = try trainer.update(loss, Batch(feed: feed, rows: rows[...]), epoch: 1, step: 1)
  }

  /// Makes the step and gives the duration of each of the plan's steps in seconds, `plan()`'s `stepDescriptions` in order.
  public func profile() throws(TrainingError) -> [Double] {
    var durations: [Double] = []
    _ = try trainer.update(loss, Batch(feed: feed, rows: rows[...]), epoch: 1, step: 1) { (plan) throws(EngineError) in
      durations = try plan.profile()
    }
    return durations
  }

  /// What runs forward and backward.
  public func plan() throws(TrainingError) -> Plan {
    try loss.plan(for: feed, rows: rows[...], seed: trainer.stepSeed)
  }
}
