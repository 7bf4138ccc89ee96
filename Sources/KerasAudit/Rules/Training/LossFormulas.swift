import KerasCore
import KerasModel

/// The cosine loss, whose sign and scale changed.
struct CosineProximity: MeaningRule {
  let id = "cosine-proximity"
  let title = "The cosine loss has another scale or sign"
  let severity = Severity.warning
  let family = RuleFamily.training
  let consequence = Consequence.training
  let affected = "cosine losses, between Keras up to 2.0.8, later ones, and tf.keras of TensorFlow 1.14 and 1.15"
  let explanation = """
    Up to Keras 2.0.8 cosine_proximity is −mean(t̂·ŷ) over the last axis; from 2.0.9 on −Σ(t̂·ŷ): more by the number of
    outputs. In TensorFlow 1.14 and 1.15 the names cosine_proximity and cosine_similarity give +Σ(t̂·ŷ): training maximises
    the angle. Measured on one batch: −0.09195, −0.27585, +0.27585, −0.27585. Keras 3 and tf.keras 2.15 do not know the name
    cosine_proximity at all (measured); cosine_similarity is −Σ there.
    """
  let fix = """
    Scale the loss (loss_weights) by one over the number of outputs to keep the old strength; a model trained with the sign
    reversed was trained for the opposite. `convert` writes the loss as cosine_similarity.
    """

  func places(in subject: AuditSubject) -> [RulePlace] {
    (subject.training?.losses ?? []).compactMap { loss in
      guard loss.name == "cosine_similarity" else { return nil }
      return RulePlace(model: loss.location, words: loss.saved, summary: "The loss is \(loss.saved).")
    }
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    switch release.training.cosineForm {
    case .negativeMean: "−mean(t̂·ŷ) over the outputs"
    case .negativeSum: "−Σ(t̂·ŷ) over the outputs"
    case .positiveSum: "+Σ(t̂·ŷ) over the outputs: the sign is reversed"
    }
  }

  func severity(of place: RulePlace, then: Meaning, now: Meaning) -> Severity {
    then.text.hasPrefix("+") || now.text.hasPrefix("+") ? .error : severity
  }
}

/// Where binary crossentropy cuts off.
struct BinaryCrossentropyClip: MeaningRule {
  let id = "binary-xent-clip"
  let title = "Binary crossentropy of very wrong predictions"
  let severity = Severity.note
  let family = RuleFamily.training
  let consequence = Consequence.training
  let affected = "binary crossentropy, between Keras up to 2.2.4, tf.keras and Keras 2.3 on TensorFlow, and Keras 3"
  let explanation = """
    Probabilities are clipped to [ε, 1 − ε] with ε = 1e-7 before the logarithm. Keras 2.3 on TensorFlow and tf.keras of
    TensorFlow 1.14 to 2.15 add ε once more inside the logarithm: a prediction of 0 for a target of 1 costs 15.425 instead
    of 16.118 (measured). tf.keras from 1.13 on and Keras 3 on TensorFlow look through a sigmoid that stands right before
    the loss to the logits, and clip nothing. Only predictions within about 1e-6 of 0 or 1 notice.
    """
  let fix = """
    Nothing, unless exact loss values are compared.
    """

  func places(in subject: AuditSubject) -> [RulePlace] {
    LossPlaces.of("binary_crossentropy", activation: "sigmoid", in: subject)
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    let training = release.training
    if training.crossentropyReadsLogits, place.noted == true { return "from the logits before the sigmoid, unclipped" }
    return training.binaryCrossentropyAddsEpsilon
      ? "−log(p + 1e-7), p clipped to [1e-7, 1 − 1e-7]: at most 15.425"
      : "−log p, p clipped to [1e-7, 1 − 1e-7]: at most 16.118"
  }
}

/// In which order categorical crossentropies clip and renormalise.
struct CategoricalCrossentropyOrder: MeaningRule {
  let id = "categorical-xent-renorm"
  let title = "Categorical crossentropy of very wrong predictions"
  let severity = Severity.note
  let family = RuleFamily.training
  let consequence = Consequence.training
  let affected = "categorical crossentropies, between backends and between Keras and tf.keras"
  let explanation = """
    categorical_crossentropy divides the predictions by their sum, then clips them to [ε, 1 − ε], in every release. Its
    sparse form does so on Theano; on TensorFlow it clips first (measured: 0.69315 and 15.425 instead of 16.118). tf.keras
    from 1.13 on and Keras 3 on TensorFlow look through a softmax that stands right before the loss to the logits, and clip
    nothing. Only predictions near 0 notice.
    """
  let fix = """
    Nothing, unless exact loss values are compared.
    """

  func places(in subject: AuditSubject) -> [RulePlace] {
    LossPlaces.of("categorical_crossentropy", activation: "softmax", in: subject)
      + LossPlaces.of("sparse_categorical_crossentropy", activation: "softmax", in: subject)
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    let training = release.training
    if training.crossentropyReadsLogits, place.noted == true { return "from the logits before the softmax, unclipped" }
    let isSparse = place.words.lowercased().hasPrefix("sparse")
    return isSparse && training.sparseCrossentropyClipsFirst
      ? "clipped to [1e-7, 1 − 1e-7], then divided by their sum"
      : "divided by their sum, then clipped to [1e-7, 1 − 1e-7]"
  }
}

/// Losses that look at probabilities.
private enum LossPlaces {
  /// The uses of a loss on probabilities, each noted with whether that activation makes them.
  static func of(_ name: String, activation: String, in subject: AuditSubject) -> [RulePlace] {
    guard let words = subject.training else { return [] }
    let losses = words.losses.filter { $0.name == name && $0.config["from_logits"] != true }
    guard !losses.isEmpty else { return [] }
    let outputs = subject.outputs
    return losses.map { loss in
      let own = loss.output.map { outputs.indices.contains($0) ? [outputs[$0]] : [] } ?? outputs
      var place = RulePlace(model: loss.location, words: loss.saved, summary: "The loss is \(loss.saved).")
      place.noted = .bool(!own.isEmpty && own.allSatisfy { $0.activation == activation })
      return place
    }
  }
}
