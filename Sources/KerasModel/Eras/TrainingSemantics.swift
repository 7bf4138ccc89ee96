import KerasCore

/// What training meant in a Keras release, as plain choices; measured on the original releases where not stated otherwise.
public struct TrainingSemantics: Sendable, Hashable {
  /// The release these choices are of, as a user would name it: `keras==2.1.3`.
  public var name = ""

  // MARK: Activity regularization

  public enum ActivityTensor: String, Sendable, Hashable { case output, input, dropped }
  public enum ActivityReduction: Sendable, Hashable {
    /// Σ over everything, the batch included.
    case sum
    /// Σ divided by the batch size (axis 0 of the penalised tensor).
    case perSample
  }
  public enum TimeDistributedActivity: Sendable, Hashable {
    /// Σ over all steps, with the release's divisor over the batch.
    case whole
    /// As `whole`, twice when the batch size is fixed (Keras 2.0.3 to 2.3.1).
    case doubledForFixedBatch
    /// Divided by batch · time: the inner layer sees one batch of that size (tf.keras).
    case perStep
    case dropped
  }
  public enum BidirectionalActivity: Sendable, Hashable { case merged, eachDirection, dropped }

  public var nestedActivity = ActivityTensor.output
  /// What a model called as *first* layer of a Sequential penalises; it differs from `nestedActivity` in 1.2 to 2.0.9.
  public var firstNestedActivity = ActivityTensor.output
  public var activityReduction = ActivityReduction.perSample
  public var timeDistributedActivity = TimeDistributedActivity.dropped
  public var bidirectionalActivity = BidirectionalActivity.eachDirection
  /// Classes whose own activity regularizer the release ignores (`SimpleRNN` in Keras 3).
  public var activityIgnoredBy: Set<String> = []
  /// A wrapper shared between calls adds nothing (≤ 2.0.2).
  public var dropsSharedWrapperActivity = false
  /// Regularizers count in evaluation too (1.2 and later).
  public var penalizesEvaluation = true
  /// Weight regularizers of layers that are not trainable count too (every release before Keras 3).
  public var penalizesFrozenWeights = false

  // MARK: Losses

  public enum MaskNormalization: Sendable, Hashable {
    /// Mean over the unmasked.
    case unmasked
    /// Sum over the unmasked divided by the number of all.
    case all
  }
  public enum WeightNormalization: Sendable, Hashable { case nonZeroCount, sumOfWeights, count }

  public var maskNormalization = MaskNormalization.unmasked
  public var weightNormalization = WeightNormalization.count
  /// ε is added again inside the logarithm of binary crossentropy.
  public var binaryCrossentropyAddsEpsilon = false
  /// Sparse categorical crossentropy clips before it renormalises (TensorFlow).
  public var sparseCrossentropyClipsFirst = true
  public enum CosineForm: Sendable, Hashable { case negativeMean, negativeSum, positiveSum }
  public var cosineForm = CosineForm.negativeSum
  /// Crossentropies look through a sigmoid or softmax right before them to the logits (tf.keras from 1.13, Keras 3 on TensorFlow).
  public var crossentropyReadsLogits = true
  /// Hinge losses take targets of 0 and 1 as −1 and 1 (tf.keras from 1.14, Keras 3).
  public var hingeConvertsBinaryTargets = true
  /// `accuracy` with a binary crossentropy loss is elementwise whatever the shape (≤ 2.3.1 and tf.keras 1.x).
  public var accuracyFollowsLoss = false

  // MARK: Metrics

  /// A metric is the mean of the batches' values by batch size, not of the samples' (Keras up to 2.2.4, tf.keras up to 1.12).
  public var averagesMetricsByBatch = false
  /// An output's mask weighs every metric of it, not only those that are means of a function (tf.keras 2).
  public var masksAllMetrics = false

  // MARK: Optimizers

  public enum ClipnormScope: Sendable, Hashable { case global, perVariable }
  public enum EpsilonPlacement: Sendable, Hashable { case insideRoot, outsideRoot }

  public var clipnormScope = ClipnormScope.perVariable
  /// Of `clipnorm`, `global_clipnorm` and `clipvalue` only the first given counts (the optimizers of 2.11 and later).
  public var clipsByOneRule = true
  /// Averages of weights (`use_ema`) begin with the weights before training, not with those after the first step (Keras 2).
  public var averagesBeginWithWeights = false
  public var rmspropEpsilon = EpsilonPlacement.insideRoot
  /// Where momentum or centering changes it (tf.keras' fused kernel puts it inside).
  public var rmspropMomentumEpsilon = EpsilonPlacement.insideRoot
  public var adagradEpsilon = EpsilonPlacement.insideRoot
  /// What Adagrad's sums start with where the config is silent: 0 in Keras ≤ 2.3.1 and tf.keras ≤ 1.13, else 0.1.
  public var adagradStart = 0.1
  /// The optimizer honours `decay` (lr / (1 + decay · iterations)).
  public var honorsDecay = false
  public var nadamScheduleDecay: Double? = nil
  /// Ftrl with L2 shrinkage keeps its linear term times the learning rate (measured in TensorFlow 2.5, not so in 2.15).
  public var ftrlKeepsScaledLinear = false
  /// Bias corrections and `decay` see the step count after its increment, one too many: Keras 2.3 on TensorFlow 1 does not
  /// order the two; measured so in all runs of Adam and most of SGD's `decay`.
  public var readsIterationsLate = false

  public var batchNormalization = BatchNormalizationSemantics()

  public init() {}
}
