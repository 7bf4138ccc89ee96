import KerasCore
import KerasModel

/// What a masked loss is divided by.
struct LossMaskNormalization: MeaningRule {
  let id = "loss-mask-normalization"
  let title = "A masked loss is divided by another number"
  let severity = Severity.warning
  let family = RuleFamily.training
  let consequence = Consequence.training
  let affected =
    "models whose output carries a mask, between Keras up to 2.2.4, 2.3 and tf.keras 1.13 to 2.9, and later"
  let explanation = """
    Up to Keras 2.2.4 and tf.keras 1.12 a loss under a mask is the mean over what the mask keeps. Keras 2.3 and tf.keras of
    TensorFlow 1.13 to 2.9 fold the mask into the sample weights and divide by the number of all steps, so that padding
    weakens the loss; Keras 2.10 and later and Keras 3 divide by what is kept again. Measured with 3 of 6 steps kept:
    6.91667, 3.45833 and 6.91667.
    """
  let fix = """
    The ratio is the share of steps that are kept, which is another for every batch: no factor makes up for it. Expect other
    loss values, and a step size that depends on padding where all steps are counted.
    """

  func places(in subject: AuditSubject) -> [RulePlace] {
    guard let words = subject.training, !words.losses.isEmpty else { return [] }
    return subject.outputs.enumerated().compactMap { index, output in
      guard output.hasMask, let loss = words.loss(of: index) else { return nil }
      return RulePlace(
        model: loss.location, words: loss.saved, summary: "The loss of the output '\(output.name)' is under a mask.")
    }
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    let training = release.training
    return training.weightNormalization == .count && training.maskNormalization == .all
      ? "the sum over the steps the mask keeps, divided by the number of all steps"
      : "the mean over the steps the mask keeps"
  }
}

/// What a loss with sample weights is divided by.
struct SampleWeightNormalization: MeaningRule {
  let id = "sample-weight-normalization"
  let title = "A weighted loss is divided by another number"
  let severity = Severity.warning
  let family = RuleFamily.training
  let consequence = Consequence.training
  let affected = "models trained with sample weights, between Keras up to 2.2.4, tf.keras 1.12, and later"
  let explanation = """
    Up to Keras 2.2.4 and tf.keras 1.10 Σ(w·loss) is divided by the number of weights that are not 0; in tf.keras 1.12 by Σw;
    from Keras 2.3 and tf.keras 1.13 on by the number of samples. Measured with errors 1, 4, 9, 16 and weights 1, 2, 0, 1:
    25/3, 25/4 and 25/4 (with class weights 1 and 3: 10, 5 and 10). A file shows that weights were used by its
    sample_weight_mode or weighted_metrics; weights given to fit alone leave no trace in it.
    """
  let fix = """
    Multiply the sample weights by the ratio of the two divisors of your data.
    """

  func places(in subject: AuditSubject) -> [RulePlace] {
    guard let words = subject.training, !words.losses.isEmpty,
      let location = words.sampleWeightMode?.location ?? words.weightedMetrics.first?.location
    else { return [] }
    return [
      RulePlace(
        model: location, words: words.sampleWeightMode?.value.text() ?? "weighted_metrics",
        summary: "The model was trained with sample weights, whose loss is divided by another number.")
    ]
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    switch release.training.weightNormalization {
    case .nonZeroCount: "Σ(w·loss) / number of weights that are not 0"
    case .sumOfWeights: "Σ(w·loss) / Σw"
    case .count: "Σ(w·loss) / number of samples"
    }
  }
}

/// The reduction that a loss object names.
struct LossReductionName: MeaningRule {
  let id = "loss-reduction"
  let title = "The reduction of a loss object is not known everywhere"
  let severity = Severity.warning
  let family = RuleFamily.training
  let consequence = Consequence.training
  let affected = "loss objects, between tf.keras 1.13 or Keras 2.3, and Keras 3"
  let explanation = """
    Loss objects with a reduction exist from Keras 2.3 and TensorFlow 1.13 on: auto and sum_over_batch_size (the mean), sum,
    none. Keras 3 refuses auto (measured on 3.15.1: "Invalid value for argument `reduction`") and adds mean and
    mean_with_sample_weight (Σ(w·loss)/Σw), which earlier releases refuse. Before, losses were functions.
    """
  let fix = """
    Write sum_over_batch_size instead of auto; `convert` does.
    """

  func places(in subject: AuditSubject) -> [RulePlace] {
    (subject.training?.losses ?? []).compactMap { loss in
      guard let reduction = loss.config["reduction"]?.stringValue else { return nil }
      var place = RulePlace(
        model: loss.location, words: "reduction \(reduction)",
        summary: "The loss \(loss.saved) has the reduction \(reduction).")
      place.noted = .string(reduction)
      return place
    }
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    guard LabelSmoothing.hasLossObjects(release) else { return .refused("not read: losses are functions there") }
    let isKeras3 = release.version.major >= 3
    switch place.noted.stringValue {
    case "auto" where isKeras3: return .refused("not read: Keras 3 does not know auto")
    case "auto", "sum_over_batch_size": return "the mean over samples"
    case "sum": return "the sum over samples"
    case "none": return "each sample's loss"
    case "mean" where isKeras3: return "the mean over samples, weights not counted"
    case "mean_with_sample_weight" where isKeras3: return "Σ(w·loss) / Σw"
    default: return .refused("not read: no reduction of that name")
    }
  }
}

/// `sample_weight_mode="temporal"`.
struct TemporalSampleWeight: MeaningRule {
  let id = "temporal-sample-weight"
  let title = "sample_weight_mode is gone"
  let severity = Severity.note
  let family = RuleFamily.training
  let consequence = Consequence.training
  let affected = "Keras 0.3 to 2.3.1 and tf.keras up to TensorFlow 2.1"
  let explanation = """
    compile(sample_weight_mode="temporal") declared that sample weights come one for each step, as (samples, steps). From
    TensorFlow 2.2 on the weights' own shape decides and the mode is ignored; compile of Keras 3 does not take it (measured
    on 2.15: accepted and ignored, 3.15.1: TypeError).
    """
  let fix = """
    Give weights of the shape (samples, steps); `fine-tune` takes them in that shape.
    """

  func places(in subject: AuditSubject) -> [RulePlace] {
    guard let mode = subject.training?.sampleWeightMode else { return [] }
    return [
      RulePlace(
        model: mode.location, words: "sample_weight_mode \(mode.value.text())",
        summary: "The model was compiled for sample weights of the mode \(mode.value.text()).")
    ]
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    // TensorFlow 2.1 to 2.3 share the stamp 2.3.0-tf.
    release.isStandalone() || release.isTensorFlow(before: KerasVersion(2, 3))
      ? "temporal weights are (samples, steps), others (samples)"
      : "the weights' own shape decides, the mode is not read"
  }
}

/// Fields of loss objects that releases with functions alone do not have.
struct LabelSmoothing: MeaningRule {
  let id = "label-smoothing"
  let title = "label_smoothing and from_logits of loss objects"
  let severity = Severity.warning
  let family = RuleFamily.training
  let consequence = Consequence.training
  let affected = "loss objects read by Keras before 2.3 or tf.keras before TensorFlow 1.13"
  let explanation = """
    Loss objects carry label_smoothing (targets t·(1 − s) + s/n) and from_logits (the output is not a probability). Keras up
    to 2.2.4 and tf.keras up to TensorFlow 1.12 have functions only: such a training config is not read there, and the
    plain function of the same name computes something else.
    """
  let fix = """
    Put the smoothing into the targets, and a softmax or sigmoid behind the outputs.
    """

  /// Releases whose losses can be objects.
  static func hasLossObjects(_ release: Release) -> Bool {
    !(release.isStandalone(before: KerasVersion(2, 3)) || release.isTensorFlow(before: KerasVersion(2, 2, 4)))
  }

  func places(in subject: AuditSubject) -> [RulePlace] {
    (subject.training?.losses ?? []).compactMap { loss in
      var words: [String] = []
      if let amount = loss.config["label_smoothing"]?.doubleValue, amount != 0 {
        words.append("label_smoothing \(ActivityPenalty.short(amount))")
      }
      if loss.config["from_logits"] == true { words.append("from_logits") }
      guard !words.isEmpty else { return nil }
      let text = words.joined(separator: ", ")
      return RulePlace(model: loss.location, words: text, summary: "The loss \(loss.saved) has \(text).")
    }
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    Self.hasLossObjects(release)
      ? Meaning("computed with \(place.words)") : .refused("not read: losses are functions without such fields")
  }
}
