import KerasCore
import KerasEngine

extension Trainer {
  /// Trains the model on data, as Keras' `fit`.
  ///
  /// `progress` is called after every step; that of an epoch's last step has the validation's results. The same seed and
  /// thread count give the same weights, bit for bit. Throws `TrainingError.notFinite` when the loss is no longer a finite
  /// number; the weights are then those before that step.
  @discardableResult
  public func fit(
    _ data: any SampleSource, validation: (any SampleSource)? = nil, _ fit: FitOptions = .init(),
    progress: (TrainingProgress) -> TrainingDirective = { _ in .proceed }
  ) throws(TrainingError) -> TrainingHistory {
    let run = try run(data, validation: validation, fit)
    while let report = try run.next() {
      if progress(report) == .stop { try run.stop() }
    }
    return run.history
  }

  /// A run to be advanced step by step.
  ///
  /// Throws `TrainingError` if the data does not fit, a callback watches what is not reported, or the checkpoint to resume
  /// from is of another run.
  public func run(
    _ data: any SampleSource, validation: (any SampleSource)? = nil, _ fit: FitOptions = .init()
  ) throws(TrainingError) -> TrainingRun {
    try TrainingRun(self, data, validation: validation, fit)
  }

  var currentLearningRate: Double {
    optimizer.map { $0.learningRate.value(at: max($0.iterations - 1, 0)) } ?? 0
  }

  /// The seed of the next step: one sequence for the whole training, whatever plans the batch sizes need.
  var stepSeed: UInt64 { options.seed &+ UInt64(optimizer?.iterations ?? 0) &* 0x9e37_79b9_7f4a_7c15 }

  /// Throws why there is none.
  func requiredOptimizer() throws(TrainingError) -> Optimizer {
    if let optimizer { return optimizer }
    if let optimizerProblem { throw optimizerProblem }
    throw .unsupported(field: "optimizer", reason: "the file names none; choose one (--optimizer)")
  }

  /// One step on a batch: its losses and what metrics take, from before the update.
  func update(
    _ loss: CompiledLoss, _ batch: Batch, epoch: Int, step: Int,
    execute: (Plan) throws(EngineError) -> Void = { (plan) throws(EngineError) in try plan.execute() }
  ) throws(TrainingError) -> BatchResult {
    let optimizer = try requiredOptimizer()
    let seed = stepSeed
    let plan = try loss.plan(for: batch.feed, rows: batch.rows, seed: seed)
    plan.seed = seed
    try engineStep { () throws(EngineError) in
      try batch.feed.fill(plan, rows: batch.rows)
      try execute(plan)
    }
    let result = try loss.result(of: plan)
    guard result.loss.isFinite else {
      let layer = loss.firstLayerNotFinite(
        inputs: batch.feed, rows: batch.rows, seed: seed, store: store, options: engineOptions)
      throw .notFinite(loss: result.loss, epoch: epoch, step: step, layer: layer)
    }
    let gradients = try loss.gradients(of: plan)
    // Gradients flow backwards: the last layer with a bad one is the first that got it.
    if !optimizer.skipsNonFiniteGradients, let bad = gradients.lastIndex(where: { !$0.areFinite }) {
      let layer = loss.firstLayerNotFinite(
        inputs: batch.feed, rows: batch.rows, seed: seed, store: store, options: engineOptions)
      throw .gradientNotFinite(variable: loss.trained[bad].name, layer: layer, epoch: epoch, step: step)
    }
    // First, for SpectralNormalization assigns the kernel that the optimizer then moves.
    try loss.storeUpdates(of: plan, in: store)
    try optimizer.apply(gradients, to: loss.trained, in: store)
    return result
  }
}

extension UnsafeBufferPointer<Float> {
  /// Whether no element is infinite or NaN.
  var areFinite: Bool {
    // 0 · x is 0 for finite x only; eight at a time, for this is done for all gradients of every step.
    var sums = SIMD8<Float>(repeating: 0)
    let whole = count & ~7
    var index = 0
    while index < whole {
      sums += UnsafeRawPointer(baseAddress.unsafelyUnwrapped + index).loadUnaligned(as: SIMD8<Float>.self) * 0
      index += 8
    }
    return sums.sum() == 0 && self[whole...].allSatisfy(\.isFinite)
  }
}
