import KerasCore
import KerasEngine
import KerasGraph
import KerasModel

/// Evaluates and trains a loaded model with the arithmetic of the Keras release that wrote it.
///
/// Weights are trained in float32 and given back in their stored types. Not safe to use from several threads at once.
public final class Trainer {
  public let model: LoadedModel
  public let options: TrainingOptions
  /// The release whose meaning is followed.
  public let semantics: TrainingSemantics
  public let optimizer: Optimizer?
  public let inputNames: [String]
  public let outputNames: [String]
  /// Metrics of the file that this library does not compute.
  public var unknownMetrics: [String] { compile.unknownMetrics }

  /// The optimizer's state found in the file.
  public private(set) var stateRead: OptimizerState?
  /// Why the file's optimizer state was not taken, if it was not.
  public private(set) var stateProblem: String?

  /// Why there is no optimizer, if the file names one.
  private(set) var optimizerProblem: TrainingError?

  let store = ParameterStore()
  let compile: CompileConfiguration
  let network: Network
  private var compiled: [CompiledKey: CompiledLoss] = [:]
  private var trainedNames: Set<String> = []

  private struct CompiledKey: Hashable {
    var trains: Bool
    var weightRanks: [Int]?
  }

  /// Throws `TrainingError` if there is no loss, or the training configuration cannot be followed.
  public init(model: LoadedModel, options: TrainingOptions = .init()) throws(TrainingError) {
    self.model = model
    self.options = options
    semantics = options.semantics ?? model.semantics
    let config = try LayerFreezing(freeze: options.freeze, unfreeze: options.unfreeze).applied(
      to: model.canonical.config)
    network = try modelStep { () throws(ModelError) in try Network(canonical: config) }
    let semantics = semantics
    let forward = try Self.forwardGraph(network, training: false, semantics, nil)
    inputNames = forward.inputNames
    outputNames = forward.outputNames
    var source = model.canonical.compile
    if let metrics = options.metrics {
      if source == nil { source = .object([:]) }
      source?["metrics"] = .array(metrics.map { .string($0) })
    }
    let compile = try CompileConfiguration(
      source, lossOverride: options.loss, optimizerOverride: options.optimizer, outputNames: forward.outputNames,
      mappings: model.options.mappings)
    self.compile = compile
    do throws(TrainingError) {
      optimizer =
        compile.optimizer.isNull
        ? nil
        : try Optimizer(
          compile.optimizer, semantics: semantics,
          learningRate: options.schedule ?? options.learningRate.map { .constant($0) })
    } catch {
      // The file's own optimizer is missed only by training.
      guard case .unknownOptimizer = error, options.optimizer == nil else { throw error }
      optimizer = nil
      optimizerProblem = error
    }
    for (name, data) in model.weights {
      try engineStep { () throws(EngineError) in try store.set(name, data) }
    }
    try setStates(forward)
    try resume()
  }

  /// Goes on from the optimizer's state in the file, unless another optimizer was asked for.
  private func resume() throws(TrainingError) {
    guard let optimizer, options.optimizer == nil, options.resumesOptimizer else { return }
    if let state = model.optimizerState {
      stateRead = state
      return try optimizer.restore(state, trained: model.weights.keys)
    }
    do throws(OptimizerState.Unreadable) {
      guard
        let state = try OptimizerState(model, form: optimizer.form)
      else { return }
      stateRead = state
    } catch {
      // As Keras does: a state that does not fit is left out, and training begins with a fresh one.
      stateProblem = error.description
    }
    if let stateRead { try optimizer.restore(stateRead, trained: model.weights.keys) }
  }

  /// Variables that no file holds begin at zero.
  private func setStates(_ forward: ForwardGraph) throws(TrainingError) {
    for (name, shape) in forward.stateParameters where !store.contains(name) {
      let zeros = try dataStep { () throws(TensorDataError) in try TensorData.filled(0, shape: shape) }
      try engineStep { () throws(EngineError) in try store.set(name, zeros) }
    }
  }

  /// All weights as they are now, in their stored types.
  public func weights() throws(TrainingError) -> [String: TensorData] {
    var result: [String: TensorData] = [:]
    for (name, original) in model.weights {
      let isTouched = trainedNames.contains(name)
      guard isTouched else {
        result[name] = original
        continue
      }
      let data = try engineStep { () throws(EngineError) in try store.data(name) }
      result[name] = try dataStep { () throws(TensorDataError) in try data.converted(to: original.dtype) }
    }
    return result
  }

  /// With `use_ema`, replaces the weights by the optimizer's averages, as Keras' `fit` does at its end.
  ///
  /// Training does not do so by itself: to go on from averages is another run than to go on from the weights.
  public func useAverages() throws(TrainingError) { try optimizer?.useAverages(in: store) }

  /// The optimizer's arrays, `<variable>/<slot>`; its step count is `optimizer.iterations`.
  public func optimizerState() throws(TrainingError) -> [String: TensorData] {
    guard let optimizer else { return [:] }
    return try dataStep { () throws(TensorDataError) in try optimizer.state() }
  }

  /// The optimizer's state as files hold it; `nil` without optimizer.
  public func savedState() throws(TrainingError) -> OptimizerState? {
    guard let optimizer else { return nil }
    return try dataStep { () throws(TensorDataError) in try optimizer.snapshot() }
  }

  var engineOptions: EngineOptions {
    EngineOptions(threads: options.threads, sharesWorkFrom: options.sharesWorkFrom)
  }

  private static func forwardGraph(
    _ network: Network, training: Bool, _ semantics: TrainingSemantics, _ augmentation: Augmentation?
  ) throws(TrainingError) -> ForwardGraph {
    let lowered = try modelStep { () throws(ModelError) in
      try network.lowered(
        training: training, batchNormalization: semantics.batchNormalization, augmentation: augmentation)
    }
    return ForwardGraph(lowered)
  }

  /// The loss graph for evaluation or training, compiled on first use.
  ///
  /// `weightRanks` are those of the data's arrays of sample weights.
  func compiledLoss(trains: Bool, weightRanks ranks: [Int]) throws(TrainingError) -> CompiledLoss {
    let usesWeights = !ranks.isEmpty || (trains && !options.classWeights.isEmpty)
    if trains, !options.classWeights.isEmpty, outputNames.count > 1 {
      throw .unsupported(field: "class_weight", reason: "the model has several outputs")
    }
    let perOutput = ranks.count == 1 ? outputNames.map { _ in ranks[0] } : ranks
    let key = CompiledKey(trains: trains, weightRanks: usesWeights ? perOutput : nil)
    if let known = compiled[key] { return known }
    let forward = try Self.forwardGraph(network, training: trains, semantics, options.augmentation)
    try setStates(forward)
    let loss = try LossGraph(
      forward, compile: compile, semantics: semantics, usesSampleWeights: usesWeights,
      weightRanks: perOutput, addsPenalties: trains || semantics.penalizesEvaluation)
    let result = try CompiledLoss(
      loss, outputNames: outputNames, trains: trains, store: store, options: engineOptions,
      memory: trains ? memory(forward) : nil)
    compiled[key] = result
    return result
  }

  private func memory(_ forward: ForwardGraph) -> TrainingMemory {
    let given = options.availableMemory
    return TrainingMemory(
      weightByteCount: forward.parameters.reduce(0) { $0 + 4 * (checkedProduct($1.spec.shape) ?? 0) },
      limit: options.memoryLimit, available: { given ?? AvailableMemory.byteCount() }, optimizer: optimizer)
  }

  func noteTrained(_ loss: CompiledLoss) {
    trainedNames.formUnion(loss.trained.map(\.name))
    trainedNames.formUnion(loss.updates.map(\.parameter))
  }
}
