import KerasCore
import KerasEngine

extension Trainer {
  /// The loss with each of its terms, and the metrics, averaged over batches as Keras does.
  ///
  /// Layers run in inference mode. Throws `TrainingError`.
  public func evaluate(_ data: any SampleSource, batchSize: Int = 32) throws(TrainingError) -> Evaluation {
    let loss = try compiledLoss(trains: false, weightRanks: data.weightRanks)
    let batches = try batches(data, loss, batchSize: batchSize)
    guard let result = try evaluate(batches, loss, isInterrupted: { false }) else { throw .noSamples }
    return result
  }

  /// `nil` if it was interrupted.
  func evaluate(
    _ batches: any BatchSequence, _ loss: CompiledLoss, isInterrupted: () -> Bool
  ) throws(TrainingError) -> Evaluation? {
    var average = EvaluationAverage(loss.layout)
    try batches.begin(epoch: 1, skipping: 0)
    while let batch = try batches.next() {
      let plan = try loss.plan(for: batch.feed, rows: batch.rows)
      try engineStep { () throws(EngineError) in
        try batch.feed.fill(plan, rows: batch.rows)
        try plan.execute()
      }
      average.add(try loss.result(of: plan), count: batch.rows.count)
      if isInterrupted() { return nil }
    }
    return average.evaluation
  }

  /// The batches of a source: in the order of the data, or shuffled, all of it or within a buffer.
  func batches(
    _ data: any SampleSource, _ loss: CompiledLoss, batchSize: Int, classWeights: [Int: Double] = [:],
    shuffleBuffer: Int? = nil, shuffles: Bool = false
  ) throws(TrainingError) -> any BatchSequence {
    guard data.count > 0 else { throw .noSamples }
    if let data = data as? DataSet, !shuffles || shuffleBuffer == nil {
      return MemoryBatches(
        try BatchFeed(data, for: loss.loss, classWeights: classWeights), batchSize: batchSize,
        shuffleSeed: shuffles ? options.seed : nil)
    }
    return StreamedBatches(
      data, for: loss.loss, classWeights: classWeights, batchSize: batchSize,
      shuffleBuffer: shuffles ? shuffleBuffer : 0, seed: options.seed)
  }
}
