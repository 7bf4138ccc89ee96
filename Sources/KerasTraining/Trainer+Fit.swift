import KerasCore
import KerasEngine

extension Trainer {
  /// Trains the model on data, as Keras' `fit`.
  ///
  /// `progress` is called after every step and, with validation results, once more at the end of each epoch. The same seed
  /// and thread count give the same weights, bit for bit. Throws `TrainingError.notFinite` when the loss is no longer a
  /// finite number; the weights are then those before that step.
  @discardableResult
  public func fit(
    _ data: DataSet, validation: DataSet? = nil, _ fit: FitOptions = .init(),
    progress: (TrainingProgress) -> TrainingDirective = { _ in .proceed }
  ) throws(TrainingError) -> TrainingHistory {
    var (training, validation) = (data, validation)
    if validation == nil, let share = fit.validationSplit, share > 0 {
      let parts = try data.split(validationFraction: share)
      (training, validation) = (parts.training, parts.validation)
    }
    let loss = try compiledLoss(trains: true, for: training)
    let feed = try BatchFeed(training, for: loss.loss, classWeights: options.classWeights)
    var validationRun: (feed: BatchFeed, loss: CompiledLoss)?
    if let validation {
      let compiled = try compiledLoss(trains: false, for: validation)
      validationRun = (try BatchFeed(validation, for: compiled.loss), compiled)
    }
    noteTrained(loss)
    var history = TrainingHistory()
    var order = SampleOrder(count: feed.count, shuffleSeed: fit.shuffles ? options.seed : nil)
    let batchSize = max(fit.batchSize, 1)
    let steps = (feed.count + batchSize - 1) / batchSize
    let clock = ContinuousClock()
    for epoch in 1...max(fit.epochs, 1) where fit.epochs > 0 {
      order.beginEpoch()
      var average = EvaluationAverage(loss.layout)
      let start = clock.now
      for step in 1...steps {
        let first = (step - 1) * batchSize
        let rows = order.indices[first..<min(first + batchSize, feed.count)]
        average.add(try update(loss, feed, rows, epoch: epoch, step: step), count: rows.count)
        let elapsed = start.duration(to: clock.now) / .seconds(1)
        var report = TrainingProgress(
          epoch: epoch, epochs: fit.epochs, step: step, steps: steps, training: average.evaluation, validation: nil,
          samplesPerSecond: elapsed > 0 ? Double(first + rows.count) / elapsed : 0, learningRate: currentLearningRate)
        if step == steps, let validationRun {
          report.validation = try evaluate(validationRun.feed, validationRun.loss, batchSize: batchSize)
        }
        let directive = progress(report)
        if step == steps || directive == .stop {
          history.epochs.append(
            .init(training: report.training, validation: report.validation, learningRate: report.learningRate))
        }
        if directive == .stop {
          history.wasStopped = true
          return history
        }
      }
    }
    return history
  }

  private var currentLearningRate: Double {
    optimizer.map { $0.learningRate.value(at: max($0.iterations - 1, 0)) } ?? 0
  }

  /// A function that makes one training step on a fixed batch each time it is called: forward, backward and update.
  ///
  /// Meant for benchmarks. Throws `TrainingError` as `fit` does.
  public func stepper(on batch: DataSet) throws(TrainingError) -> () throws(TrainingError) -> Void {
    let loss = try compiledLoss(trains: true, for: batch)
    let feed = try BatchFeed(batch, for: loss.loss, classWeights: options.classWeights)
    noteTrained(loss)
    let rows = Array(0..<feed.count)
    return { () throws(TrainingError) in
      _ = try self.update(loss, feed, rows[...], epoch: 1, step: 1)
    }
  }

  /// One step on the given rows: the batch's scalars, from before the update.
  private func update(
    _ loss: CompiledLoss, _ feed: BatchFeed, _ rows: ArraySlice<Int>, epoch: Int, step: Int
  ) throws(TrainingError) -> [Float] {
    guard let optimizer else {
      if let optimizerProblem { throw optimizerProblem }
      throw .unsupported(field: "optimizer", reason: "the file names none; choose one (--optimizer)")
    }
    let plan = try loss.plan(for: feed, batchSize: rows.count)
    // One sequence of random numbers for the whole training, whatever plans the batch sizes need.
    plan.seed = options.seed &+ UInt64(optimizer.iterations) &* 0x9e37_79b9_7f4a_7c15
    try engineStep { () throws(EngineError) in
      try feed.fill(plan, rows: rows)
      try plan.execute()
    }
    let scalars = try loss.scalars(of: plan)
    guard scalars[0].isFinite else {
      let layer = loss.firstLayerNotFinite(inputs: feed, rows: rows, store: store, options: engineOptions)
      throw .notFinite(loss: scalars[0], epoch: epoch, step: step, layer: layer)
    }
    try optimizer.apply(try loss.gradients(of: plan), to: loss.trained, in: store)
    try loss.storeUpdates(of: plan, in: store)
    return scalars
  }
}
