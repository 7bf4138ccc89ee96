import KerasCore
import KerasEngine

extension Trainer {
  /// The loss with each of its terms, and the metrics, averaged over batches as Keras does.
  ///
  /// Layers run in inference mode. Throws `TrainingError`.
  public func evaluate(_ data: DataSet, batchSize: Int = 32) throws(TrainingError) -> Evaluation {
    let loss = try compiledLoss(trains: false, for: data)
    let feed = try BatchFeed(data, for: loss.loss)
    return try evaluate(feed, loss, batchSize: batchSize)
  }

  func evaluate(_ feed: BatchFeed, _ loss: CompiledLoss, batchSize: Int) throws(TrainingError) -> Evaluation {
    var average = EvaluationAverage(loss.layout)
    let order = Array(0..<feed.count)
    for start in stride(from: 0, to: feed.count, by: max(batchSize, 1)) {
      let rows = order[start..<min(start + max(batchSize, 1), feed.count)]
      let plan = try loss.plan(for: feed, batchSize: rows.count)
      try engineStep { () throws(EngineError) in
        try feed.fill(plan, rows: rows)
        try plan.execute()
      }
      average.add(try loss.scalars(of: plan), count: rows.count)
    }
    return average.evaluation
  }
}
