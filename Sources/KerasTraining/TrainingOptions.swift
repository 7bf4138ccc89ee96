import KerasCore
import KerasModel

/// What a trainer is asked to do differently from the file.
public struct TrainingOptions: Sendable {
  /// A loss' Keras name instead of the file's training configuration, for every output.
  public var loss: String?
  /// An optimizer's Keras name, or its serialized form, instead of the file's.
  public var optimizer: JSON?
  public var learningRate: Double?
  /// A schedule over the optimizer's iterations, before `learningRate`; `LearningRate(text:)` reads one as users write it.
  public var schedule: LearningRate?
  /// Patterns of layer paths (`conv*`, `encoder/*`, `*`) whose layers are not trained.
  public var freeze: [String]
  /// Patterns of layer paths that are trained again although the file or `freeze` says otherwise.
  public var unfreeze: [String]
  /// The meaning of regularizers, losses and optimizers; `nil` is the release that wrote the file.
  public var semantics: TrainingSemantics?
  /// The weight of each class in training, by index (Keras' `class_weight`).
  public var classWeights: [Int: Double]
  /// Metrics instead of the file's, by Keras name.
  public var metrics: [String]?
  /// Random image layers before the model, in training only.
  public var augmentation: Augmentation?
  /// Whether the optimizer's state in the file is taken over, as `load_model` does; another optimizer begins anew anyway.
  public var resumesOptimizer = true
  /// Where results of frozen layers are kept that are the same in every epoch; such layers are computed once.
  public var prefixCache = PrefixCacheOptions()
  /// Bytes that a step may take: weights, gradients, the optimizer's arrays and intermediate results.
  ///
  /// Where these are more, results of the forward pass are computed again for their gradients, with the same numbers.
  /// `nil` is what the machine has available, where it tells (on Linux).
  public var memoryLimit: Int?
  /// Instead of what the machine tells.
  var availableMemory: Int?
  public var threads: Int
  /// Work of a step below which one thread does it; see `EngineOptions.sharesWorkFrom`.
  public var sharesWorkFrom = 0.0
  /// Seeds shuffling, dropout and noise; the same seed and thread count give the same result.
  public var seed: UInt64

  public init(
    loss: String? = nil, optimizer: JSON? = nil, learningRate: Double? = nil, freeze: [String] = [],
    unfreeze: [String] = [], semantics: TrainingSemantics? = nil, classWeights: [Int: Double] = [:],
    metrics: [String]? = nil, threads: Int = 1, seed: UInt64 = 0
  ) {
    self.loss = loss
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.freeze = freeze
    self.unfreeze = unfreeze
    self.semantics = semantics
    self.classWeights = classWeights
    self.metrics = metrics
    self.threads = threads
    self.seed = seed
  }
}
