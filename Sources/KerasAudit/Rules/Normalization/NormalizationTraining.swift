import KerasCore
import KerasModel

/// What training did with batch normalisation; the meanings are the trainer's own.
enum NormalizationTraining {
  private static func isFrozen(_ layer: AuditedLayer) -> Bool {
    StoredStatistics.isBatchNormalization(layer) && layer.config["trainable"] == false
  }

  static let frozenInference = LayerMeaning(
    id: "bn-trainable-inference", title: "A frozen BatchNormalization uses its moving statistics since TensorFlow 2",
    family: .normalization, severity: .warning, consequence: .training,
    affected: "BatchNormalization with trainable false, Keras 1 to 2.3.1 and TensorFlow 1",
    explanation: """
      In TensorFlow 2 and Keras 3 a BatchNormalization with trainable=False runs as in predictions even while the model is
      trained. Before, it went on normalising by the batch (measured up to TensorFlow 1.15 and Keras 2.3.1). Fine-tuning on
      frozen features sees other features.
      """,
    fix: "fine-tune does as the file's release did; --semantics keras==3.15.1 takes the current meaning.",
    find: { layer, _ in
      guard isFrozen(layer) else { return nil }
      return .init(keys: ["trainable"], words: "trainable false", summary: "This BatchNormalization is frozen.")
    },
    mean: { _, release, _ in
      release.training.batchNormalization.frozenUsesMovingStatistics
        ? "moving statistics in training" : "the batch's statistics in training"
    })

  static let frozenUpdates = LayerMeaning(
    id: "bn-frozen-updates", title: "A frozen BatchNormalization still moved its statistics", family: .normalization,
    severity: .warning, consequence: .training,
    affected: "Keras 1.0 to 2.1.2, BatchNormalization with trainable false",
    explanation: """
      Up to Keras 2.1.2 the updates of the moving statistics ran for frozen layers too (measured: updated in 1.0.8, 1.2.2,
      2.0.0, 2.0.8, 2.0.9; not in 0.3.3, 2.1.3 and later). Predictions of a "frozen" part changed with fine-tuning.
      """,
    fix: "fine-tune does as the file's release did; --semantics keras==3.15.1 leaves them alone.",
    find: { layer, _ in
      guard isFrozen(layer) else { return nil }
      return .init(keys: ["trainable"], words: "trainable false", summary: "This BatchNormalization is frozen.")
    },
    mean: { _, release, _ in
      release.training.batchNormalization.frozenUpdates
        ? "its moving statistics are updated" : "its moving statistics stay"
    })

  private static func variance(_ semantics: BatchNormalizationSemantics) -> String {
    switch semantics.variance {
    case .biased: "the batch's variance Σ(x−m)²/n"
    case .unbiasedForImages: "Σ(x−m)²/n, for images n/(n−1) times that"
    case .unbiasedLessEpsilon: "n/(n−1−ε) times the batch's variance"
    case .biasedPlusEpsilon: "the batch's variance plus ε"
    case .unbiasedPlusEpsilon: "n/(n−1−ε) times (the batch's variance plus ε)"
    case .standardDeviation: "the batch's standard deviation"
    }
  }

  static let unbiased = LayerMeaning(
    id: "bn-unbiased", title: "The moving variance is fed another estimate", family: .normalization, severity: .note,
    consequence: .training, affected: "every release but Keras 1.0.8 to 2.1.3 on TensorFlow and Keras 3",
    explanation: """
      What is averaged into the moving variance: the biased variance in Keras 1 on TensorFlow, 2.0 to 2.1.3 and Keras 3;
      n/(n−1−ε) times that in 2.1.4 to 2.3.1; n/(n−1) for images in tf.keras (the fused kernel); on Theano ε is added. The
      statistics of a model that is trained on drift a little to the other estimate; small batches show it most. All
      measured.
      """,
    fix: "fine-tune does as the file's release did.",
    find: { layer, _ in
      guard StoredStatistics.isBatchNormalization(layer), layer.config["trainable"] != false else { return nil }
      return .init(
        words: "moving variance", summary: "The moving variance of this BatchNormalization is fed differently.")
    },
    mean: { _, release, _ in Meaning(variance(release.training.batchNormalization)) })

  static let zeroDebias = LayerMeaning(
    id: "bn-zero-debias", title: "The first update replaced the moving statistics", family: .normalization,
    severity: .warning, consequence: .training, affected: "Keras 2.1.3 to 2.2.4 on TensorFlow",
    explanation: """
      Keras 2.1.3 to 2.2.4 on TensorFlow average with zero_debias, whose counters are not saved: the first update after the
      start or after loading replaces the moving statistics by those of the batch. Measured on 2.1.3 and 2.2.4 with a
      stored mean of 7 and batches of mean 2: 2.0; in 2.1.2: 6.5. Fine-tuning then threw the stored statistics away.
      """,
    fix: "fine-tune does as the file's release did; --semantics keras==2.3.1 averages from the stored statistics on.",
    find: { layer, _ in
      guard StoredStatistics.isBatchNormalization(layer), layer.config["trainable"] != false else { return nil }
      return .init(
        words: "first update", summary: "Training on with this BatchNormalization begins its averages differently.")
    },
    mean: { _, release, _ in
      release.training.batchNormalization.zeroDebias
        ? "the first batch replaces the stored statistics" : "the averages go on from the stored statistics"
    })
}
