import KerasCore
import KerasEngine
import KerasModel

/// What a training would do, found out without a step of it.
public struct TrainingPreview: Sendable {
  /// A layer with variables.
  public struct Layer: Sendable {
    /// Names from the outer model on: `encoder/dense_1`.
    public var path: String
    public var className: String
    /// Numbers that training changes, and that it keeps (those of frozen layers, moving statistics).
    public var trained: Int
    public var kept: Int
    /// Whether the layer, or a model around it, is not trainable.
    public var isFrozen: Bool
    /// A frozen BatchNormalization that normalises with its moving statistics, as from TensorFlow 2 on.
    public var runsAsInInference: Bool
  }

  /// Bytes a training holds at once; measured peaks are within a quarter of the total.
  public struct Memory: Sendable {
    /// The weights in the engine, and as they were read.
    public var weights: Int
    /// The optimizer's slots.
    public var optimizer: Int
    /// Intermediate results and gradients of a step, of the validation's too: what the compiled plans have reserved.
    public var steps: Int
    /// The samples as read and as the steps take them, with what is kept of frozen layers in memory.
    public var data: Int
    /// The copies of weights and of the optimizer's slots when the result is written.
    public var result: Int
    /// The program and its libraries.
    public var program = 50 << 20

    public var total: Int { weights + optimizer + steps + data + result + program }
  }

  public var layers: [Layer]
  public var trainedCount: Int
  public var keptCount: Int
  public var loss: [String]
  public var optimizer: String
  /// The rate of the first step.
  public var learningRate: Double
  /// Steps that the optimizer's state in the file has behind it.
  public var iterations: Int
  public var samples: Int
  public var validationSamples: Int
  public var batchSize: Int
  public var stepsPerEpoch: Int
  public var epochs: Int
  /// The layers that would be computed once for each sample, if there are some.
  public var prefix: PrefixSummary?
  /// Why frozen layers would be computed in every epoch, if there are some that would be.
  public var prefixObstacle: String?
  public var memory: Memory
  /// What steps would compute twice to take less memory, if anything.
  public var recomputation: RecomputationSummary?
  public var penalties: PenaltyTable
  public var semantics: String
}

extension Trainer {
  /// What `fit` would do with the same arguments; compiles its plans and runs the penalties once, and trains nothing.
  ///
  /// Throws what `fit` would throw before its first step.
  public func preview(
    _ data: any SampleSource, validation: (any SampleSource)? = nil, _ fit: FitOptions = .init()
  ) throws(TrainingError) -> TrainingPreview {
    var (training, validation) = (data, validation)
    if validation == nil, let share = fit.validationSplit, share > 0 {
      let parts: (training: any SampleSource, validation: any SampleSource) = try data.split(
        validationFraction: share)
      (training, validation) = (parts.training, parts.validation)
    }
    let optimizer = try requiredOptimizer()
    let loss = try compiledLoss(trains: true, weightRanks: training.weightRanks)
    let batches = try batches(
      training, loss, batchSize: fit.batchSize, classWeights: options.classWeights,
      shuffleBuffer: fit.shuffles ? fit.shuffleBuffer : 0, shuffles: fit.shuffles)
    try batches.begin(epoch: 1, skipping: 0)
    guard let first = try batches.next() else { throw .noSamples }
    let isNumbered = (batches as? StreamedBatches)?.knowsNumbers ?? true
    let split = fit.epochs > 1 && isNumbered ? try splitLoss(loss, trainedBy: loss) : nil
    var arenas = try reservedBytes(loss, split, first, batchSize: first.rows.count)
    let rest = training.count % batches.batchSize
    if rest > 0, rest != first.rows.count { arenas += try reservedBytes(loss, split, first, batchSize: rest) }
    var data = Self.bytes(training, first.feed, fit)
    var held: (split: SplitLoss, feed: BatchFeed?, count: Int)?
    if let validation {
      let compiled = try compiledLoss(trains: false, weightRanks: validation.weightRanks)
      let batches = try self.batches(validation, compiled, batchSize: fit.batchSize)
      let split = fit.epochs > 1 ? try splitLoss(compiled, trainedBy: loss) : nil
      try batches.begin(epoch: 1, skipping: 0)
      guard let first = try batches.next() else { throw .noSamples }
      held = split.map { ($0, first.feed, batches.count) }
      arenas += try reservedBytes(compiled, split, first, batchSize: first.rows.count)
      data += Self.bytes(validation, first.feed, fit)
    }
    let prefix = prefixSummary(split, first.feed, count: training.count, validation: held)
    if let prefix, !prefix.isOnDisk { data += prefix.bytes ?? 0 }

    let trained = Set(loss.trained.map(\.name))
    var layers: [TrainingPreview.Layer] = []
    var places: [String: Int] = [:]
    let specs = try modelStep { () throws(ModelError) in try network.parameterSpecs() }
    let classes = Dictionary(
      try modelStep { () throws(ModelError) in try network.lowered().layerOutputs }.map { ($0.path, $0.className) },
      uniquingKeysWith: { first, _ in first })
    for (name, spec, path, trainable) in specs {
      let count = checkedProduct(spec.shape) ?? 0
      let place = places[path] ?? layers.count
      if places[path] == nil {
        places[path] = place
        let className = classes[path] ?? ""
        layers.append(
          TrainingPreview.Layer(
            path: path, className: className, trained: 0, kept: 0, isFrozen: !spec.ownersTrainable,
            runsAsInInference: className == "BatchNormalization" && !spec.ownersTrainable
              && semantics.batchNormalization.frozenUsesMovingStatistics))
      }
      if trainable, trained.contains(name) { layers[place].trained += count } else { layers[place].kept += count }
    }
    let slotBytes = optimizer.stateByteCount(of: loss.trained)
    let storedBytes = model.weights.values.reduce(0) { $0 + $1.bytes.count }
    let weightBytes = specs.reduce(0) { $0 + 4 * (checkedProduct($1.spec.shape) ?? 0) }
    let trainedCount = layers.reduce(0) { $0 + $1.trained }
    return TrainingPreview(
      layers: layers, trainedCount: trainedCount, keptCount: layers.reduce(0) { $0 + $1.kept },
      loss: compile.outputs.map(\.lossName), optimizer: optimizer.className,
      learningRate: optimizer.learningRate.value(at: optimizer.iterations), iterations: optimizer.iterations,
      samples: training.count, validationSamples: validation?.count ?? 0, batchSize: fit.batchSize,
      stepsPerEpoch: batches.steps, epochs: fit.epochs, prefix: prefix,
      prefixObstacle: try prefixObstacle(split, batches, epochs: fit.epochs),
      memory: TrainingPreview.Memory(
        weights: weightBytes + storedBytes, optimizer: slotBytes, steps: arenas, data: data,
        // As arrays of their stored types, and as the file's bytes.
        result: 2 * (storedBytes + slotBytes)),
      recomputation: (split?.rest ?? loss).recomputation,
      penalties: try penaltyTable(loss, first), semantics: semantics.name)
  }
}

extension Trainer {
  /// What the plans of a step on so many of a batch's rows reserve.
  private func reservedBytes(
    _ loss: CompiledLoss, _ split: SplitLoss?, _ batch: Batch, batchSize: Int
  ) throws(TrainingError) -> Int {
    let rows = batch.rows.prefix(batchSize)
    guard let split else { return try loss.plan(for: batch.feed, rows: rows).reservedByteCount }
    return try split.reservedBytes(Batch(feed: batch.feed, rows: rows))
  }

  /// What a source's samples take: as read and as the steps take them, or a stream's buffer, batches and block.
  private static func bytes(_ source: any SampleSource, _ feed: BatchFeed, _ fit: FitOptions) -> Int {
    if let data = source as? DataSet {
      let arrays = data.inputs + data.targets + data.sampleWeights
      return arrays.reduce(0) { $0 + $1.bytes.count } + data.count * feed.rowBytes
    }
    let buffer = fit.shuffles ? fit.shuffleBuffer ?? FitOptions.standardShuffleBuffer : 0
    return (min(buffer, source.count) + 3 * max(fit.batchSize, 1)) * feed.rowBytes + max(4 << 20, feed.rowBytes)
  }
}
