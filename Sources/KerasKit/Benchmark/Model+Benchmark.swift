import KerasCore
import KerasTraining

extension Model {
  /// Times inference on one batch of fixed random numbers; free dimensions are taken as 32.
  public func benchmark(batchSize: Int, seconds: Double) throws(KerasKitError) -> BenchmarkTimes {
    try KerasKitError.wrap {
      let call = try repeatedCall(batchSize: batchSize)
      return try .measure(seconds: seconds, work: call.plan.work, threads: call.plan.threadCount) { try call.run() }
    }
  }

  /// How long each step of inference takes, by the medians of repeated calls on such a batch.
  public func profile(batchSize: Int, seconds: Double) throws(KerasKitError) -> Profile {
    try KerasKitError.wrap {
      let call = try repeatedCall(batchSize: batchSize)
      return try .measure(call.plan, seconds: seconds) { try call.profile() }
    }
  }

  /// Times whole training steps (forward, backward, update) on one batch of random numbers and labels.
  ///
  /// Throws for one that takes more than `TrainingOptions.memoryLimit`.
  /// By the file's loss and optimizer, or crossentropy and SGD with momentum where there is none or `options` say so.
  public func benchmarkTraining(
    batchSize: Int, seconds: Double, options: TrainingOptions = TrainingOptions()
  ) throws(KerasKitError) -> BenchmarkTimes {
    try KerasKitError.wrap {
      let step = try repeatedStep(batchSize: batchSize, options)
      let plan = try step.plan()
      var times = try BenchmarkTimes.measure(seconds: seconds, work: plan.work, threads: plan.threadCount) {
        try step.run()
      }
      times.recomputation = plan.recomputation
      return times
    }
  }

  /// How long each step forward and backward takes, as `profile` does; the update is not among them.
  public func profileTraining(
    batchSize: Int, seconds: Double, options: TrainingOptions = TrainingOptions()
  ) throws(KerasKitError) -> Profile {
    try KerasKitError.wrap {
      let step = try repeatedStep(batchSize: batchSize, options)
      return try .measure(step.plan(), seconds: seconds) { try step.profile() }
    }
  }

  /// Times of the epochs of a whole run on `steps` batches of random numbers, with frozen first layers computed once.
  ///
  /// The first epoch computes them. `once` is `nil` where no layers are computed once.
  public func benchmarkEpochs(
    batchSize: Int, steps: Int, epochs: Int, options: TrainingOptions = TrainingOptions()
  ) throws(KerasKitError) -> (everyEpoch: [Double], once: [Double]?) {
    try KerasKitError.wrap {
      func run(_ limit: Int) throws -> (seconds: [Double], isOnce: Bool) {
        var (options, data) = try trainingBenchmark(options, batchSize: batchSize, count: batchSize * steps)
        options.prefixCache.memoryLimit = limit
        let trainer = try Trainer(model: loaded, options: options)
        let run = try trainer.run(data, FitOptions(epochs: epochs, batchSize: batchSize))
        let clock = ContinuousClock()
        var start = clock.now
        var seconds: [Double] = []
        while let progress = try run.next() {
          guard progress.isEndOfEpoch else { continue }
          seconds.append((clock.now - start) / .seconds(1))
          start = clock.now
        }
        return (seconds, run.prefix != nil)
      }
      let limit = max(options.prefixCache.memoryLimit, 1)
      let (every, once) = (try run(0), try run(limit))
      return (every.seconds, once.isOnce ? once.seconds : nil)
    }
  }

  private func trainingBenchmark(
    _ given: TrainingOptions, batchSize: Int, count: Int
  ) throws -> (options: TrainingOptions, data: DataSet) {
    var options = given
    options.threads = threads
    options.sharesWorkFrom = sharesWorkFrom
    if options.loss == nil, loaded.canonical.compile == nil {
      options.loss =
        outputs.first?.shape.dimensions.last == 1
        ? "binary_crossentropy" : "sparse_categorical_crossentropy"
    }
    if options.optimizer == nil, loaded.canonical.compile == nil {
      options.optimizer = ["class_name": "SGD", "config": ["learning_rate": 0.01, "momentum": 0.9]]
    }
    let isSparse = (options.loss ?? loaded.canonical.compile?["loss"]?.stringValue ?? "").hasPrefix("sparse_")
    let targets = try outputs.map { output in
      let shape = [count] + output.shape.dimensions.dropFirst().map { $0 ?? 32 }
      let classes = shape.last ?? 1
      if isSparse {
        let label = Array(shape.dropLast())
        let count = checkedProduct(label) ?? 0
        return try TensorData(shape: label, int32s: (0..<count).map { Int32($0 % max(classes, 1)) })
      }
      let count = checkedProduct(shape) ?? 0
      // One-hot rows, which every loss accepts.
      return try TensorData(
        shape: shape,
        floats: (0..<count).map { classes == 1 ? Float($0 % 2) : ($0 / classes) % classes == $0 % classes ? 1 : 0 })
    }
    return (options, try DataSet(inputs: sampleInputs(batchSize: count), targets: targets))
  }

  func sampleInputs(batchSize: Int) throws -> [TensorData] {
    try inputRecipes(samples: batchSize, seed: 1).map { try $0.array() }
  }

  func repeatedCall(batchSize: Int) throws -> RepeatedCall {
    try Predictor(lowered, weights: ModelWeights(loaded), options: engineOptions)
      .repeatable(sampleInputs(batchSize: batchSize), names: inputs.map(\.name))
  }

  private func repeatedStep(batchSize: Int, _ options: TrainingOptions) throws -> RepeatedStep {
    let (options, data) = try trainingBenchmark(options, batchSize: batchSize, count: batchSize)
    return try RepeatedStep(Trainer(model: loaded, options: options), on: data)
  }
}
