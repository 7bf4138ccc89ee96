import KerasCore
import KerasModel

/// A release that models are rewritten for: what it computes of its own, and what has to be said in other words.
struct RewriteTarget: Sendable {
  /// As a reader knows it: `Keras 3`.
  private(set) var name: String
  let isKeras3: Bool
  let semantics: TrainingSemantics
  /// The beginning of a sentence about activity penalties.
  private(set) var dividingBatch: String
  let hardSigmoid: HardSigmoid.Pair
  /// What only the canonical form says (`keraskit>…`, values and keys) and the release means as well.
  let native: Set<String>
  /// Whether functional models hold operations beside layers.
  private(set) var hasOperations = true
  /// Whether operations are said as plain layers where it has none.
  private(set) var saysOperationsInLayers = false
  /// Whether all its releases have Rescaling.
  private(set) var hasRescaling = true
  /// Whether names of a recurrent layer's weights hold its cell's.
  private(set) var namesCells = true
  /// In the order they apply, after `ActivityPenalty`, which looks at a wrapper and the layer inside together.
  private(set) var rewrites: [any LayerRewrite.Type]

  static let keras3 = RewriteTarget(
    name: "Keras 3", isKeras3: true, semantics: .of(version: nil), dividingBatch: "Keras 3.14 and later divide",
    hardSigmoid: .keras3, native: [],
    rewrites: [
      SharedAxes.self,
      // Before the old hard_sigmoid scales the reset gate's weights, which the candidate takes as they are.
      ResetInput.self,
      HardSigmoid.self,
      RecurrentCells.self,
      ConvolutionPadding.self,
      PoolingPadding.self,
      CosineMerge.self,
      MatrixDot.self,
      DropoutScale.self,
      RecurrentDropoutMasks.self,
      BidirectionalMask.self,
      CausalAttention.self,
      FrozenPenalty.self,
      UntrainableLayers.self,
      MergeMask.self,
      TransposedOutput.self,
      ChannelsFirstBias.self,
      MergedSums.self,
      OlderDefaults.self,
      AugmentationReleases.self,
      ImageInterpolation.self,
      RemovedClasses.self,
    ])

  /// tf.keras of TensorFlow 2.15, the last of Keras 2.
  static let keras2 = RewriteTarget(
    name: "tf.keras 2.15", isKeras3: false, semantics: .of(version: KerasVersion(2, 15)),
    dividingBatch: "tf.keras 2.15 divides", hardSigmoid: .keras2,
    native: [
      "keraskit>hard_sigmoid", "keraskit>mask", "keraskit>time_major", "keraskit>RadialConstraint",
      "keraskit>separate_axes", "keraskit>per_batch", "keraskit>resizes",
    ],
    rewrites: [
      SpectralNormalization215.self,
      SharedAxes.self,
      ResetInput.self,
      NewActivations.self,
      HardSigmoid.self,
      RecurrentCells.self,
      ConvolutionPadding.self,
      PoolingPadding.self,
      CosineMerge.self,
      MatrixDot.self,
      DropoutScale.self,
      RecurrentMasks215.self,
      CausalAttention.self,
      MergeMask.self,
      TransposedOutput.self,
      SharedDefaults.self,
      Augmentation215.self,
      NewFields.self,
      BidirectionalMask.self,
      MirroredBackwardLayer.self,
      NewClasses.self,
      FrozenPenalty.self,
    ])

  /// TensorFlow.js, whose layers are some of those of tf.keras 2.15.
  static let tensorFlowJS: RewriteTarget = {
    var target = keras2
    target.name = "TensorFlow.js"
    target.dividingBatch = "TensorFlow.js divides"
    target.namesCells = false
    target.hasOperations = false
    target.saysOperationsInLayers = true
    target.hasRescaling = false
    target.rewrites.removeAll { $0 == BidirectionalMask.self }
    target.rewrites += [
      TFJSMaskedBidirectional.self, TFJSTraining.self, TFJSIdentity.self, TFJSReLU.self, TFJSNormalizationAxis.self,
      TFJSSoftmaxAxis.self, TFJSSubtraction.self, TFJSGatedRecurrence.self,
      TFJSStatefulStates.self, TFJSReshape.self, TFJSCausal.self, TFJSSequences.self, TFJSPadding.self,
      TFJSMissing.self,
    ]
    return target
  }()
}
