import KerasCore
import KerasModel

/// Keras 0's choice of accuracy.
struct ClassMode: MeaningRule {
  let id = "class-mode"
  let title = "class_mode chose the accuracy"
  let severity = Severity.note
  let family = RuleFamily.training
  let consequence = Consequence.none
  let affected = "Keras 0.1 to 0.3"
  let explanation = """
    compile(class_mode=...) of Keras 0 chose what show_accuracy meant: categorical compares the largest outputs, binary
    rounds each one. Keras 1.0 removed it: metrics=["accuracy"] asks, and loss and shapes decide.
    """
  let fix = """
    Ask for binary_accuracy or categorical_accuracy by name.
    """

  func places(in subject: AuditSubject) -> [RulePlace] {
    guard let mode = subject.training?.classMode else { return [] }
    return [
      RulePlace(
        model: mode.location, words: mode.value, summary: "The model was compiled with class_mode \(mode.value).")
    ]
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    guard release.version.major == 0 else { return "not read: loss and shapes decide which accuracy is meant" }
    return place.words == "binary"
      ? "accuracy of the rounded outputs" : "accuracy of the largest output"
  }
}

/// Which function `accuracy` stands for.
struct AccuracyResolution: MeaningRule {
  let id = "accuracy-resolution"
  let title = "accuracy is another metric"
  let severity = Severity.warning
  let family = RuleFamily.training
  let consequence = Consequence.none
  let affected =
    "several outputs with binary crossentropy, between Keras 1 to 2.3 or tf.keras 1, and TensorFlow 2 or Keras 3"
  let explanation = """
    The metric accuracy is resolved when the model is compiled. Up to Keras 2.3.1 and tf.keras 1.15 a binary crossentropy
    loss makes it binary_accuracy (each output rounded) for any number of outputs; later the shapes alone decide, and with
    more than one output it is categorical_accuracy (the largest output's place). Measured on targets [1,0], [0,1], [1,1]:
    0.8333 then, 0.6667 in TensorFlow 2.5, Keras 2.12, 2.15 and 3. Models with several independent labels are hit.
    """
  let fix = """
    Ask for binary_accuracy by name (`evaluate --metric binary_accuracy`).
    """

  func places(in subject: AuditSubject) -> [RulePlace] {
    guard let words = subject.training else { return [] }
    let asked = (words.metrics + words.weightedMetrics).filter { $0.name == "accuracy" && $0.config["fn"] == nil }
    guard !asked.isEmpty else { return [] }
    let outputs = subject.outputs
    return asked.flatMap { metric in
      outputs.indices.compactMap { index -> RulePlace? in
        guard metric.output == nil || metric.output == index, let loss = words.loss(of: index) else { return nil }
        var place = RulePlace(
          model: metric.location, words: metric.saved,
          summary: "The metric \(metric.saved) of the output '\(outputs[index].name)', trained with \(loss.saved).")
        place.noted = [
          "loss": .string(loss.name), "last": outputs[index].lastDimension.map { JSON($0) } ?? .null,
        ]
        return place
      }
    }
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    let loss = place.noted["loss"]?.stringValue ?? ""
    let isSparse = loss == "sparse_categorical_crossentropy"
    let isBinary = release.training.accuracyIsBinary(
      lastDimension: place.noted["last"]?.intValue, targetsAreIndices: isSparse,
      lossIsBinary: loss == "binary_crossentropy")
    return isSparse
      ? "sparse_categorical_accuracy"
      : isBinary ? "binary_accuracy: each output rounded" : "categorical_accuracy: the largest output's place"
  }
}

/// Under which key a metric is logged.
struct MetricLogName: MeaningRule {
  let id = "metric-name-acc"
  let title = "A metric is logged under another name"
  let severity = Severity.note
  let family = RuleFamily.training
  let consequence = Consequence.none
  let affected = "metrics given by a short or long name, between Keras up to 2.2.4 or tf.keras 1, and later"
  let explanation = """
    Up to Keras 2.2.4 (and tf.keras 1) "accuracy" is logged as acc and "mse" as mean_squared_error, whatever the name given;
    from 2.3.0 and TensorFlow 2 on the key is the name as given. Measured on 1.2.2, 2.2.4, 2.3.1, 2.15 and 3.15.1. A monitor
    of a callback (val_acc) or a plot of the history finds nothing then.
    """
  let fix = """
    Look for the other key: history["accuracy"], monitor="val_accuracy".
    """

  private static let functions = [
    "accuracy": "acc", "mse": "mean_squared_error", "MSE": "mean_squared_error", "mae": "mean_absolute_error",
    "MAE": "mean_absolute_error", "mape": "mean_absolute_percentage_error", "MAPE": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error", "MSLE": "mean_squared_logarithmic_error",
  ]

  func places(in subject: AuditSubject) -> [RulePlace] {
    guard let words = subject.training else { return [] }
    return (words.metrics + words.weightedMetrics).compactMap { metric in
      let name = metric.config["name"]?.stringValue ?? metric.saved
      guard Self.functions[name] != nil else { return nil }
      return RulePlace(model: metric.location, words: name, summary: "The metric \(name) is logged under another key.")
    }
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    let isOld = release.isStandalone(before: KerasVersion(2, 3)) || release.isTensorFlow(before: KerasVersion(2, 3))
    return Meaning("logged as \(isOld ? Self.functions[place.words] ?? place.words : place.words)")
  }
}

/// Keras 1's precision, recall and their kin.
struct MetricOfBatches: MeaningRule {
  let id = "metric-batchwise"
  let title = "Precision, recall and their kin were means of batches"
  let severity = Severity.warning
  let family = RuleFamily.training
  let consequence = Consequence.none
  let affected = "Keras 1 metrics precision, recall, fmeasure, fbeta_score, matthews_correlation"
  let explanation = """
    Keras 1 computed these for each batch and averaged, which is not their value over all samples. Keras 2.0 removed them
    ("Unknown metric function", measured on 2.2.4 and 2.3.1; not interpretable in tf.keras 2.15). Keras 3 takes precision
    and recall for its streaming classes, which count over all samples, and does not know the others (measured on 3.15.1).
    """
  let fix = """
    Compare with `evaluate`, which computes the file's own batch means, or ask for the streaming classes Precision, Recall.
    """

  private static let names: Set<String> = ["precision", "recall", "fmeasure", "fbeta_score", "matthews_correlation"]

  func places(in subject: AuditSubject) -> [RulePlace] {
    guard let words = subject.training else { return [] }
    return (words.metrics + words.weightedMetrics).filter { Self.names.contains($0.saved) }.map { metric in
      RulePlace(
        model: metric.location, words: metric.saved,
        summary: "The metric \(metric.saved) is Keras 1's, a mean of batches.")
    }
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    if release.version.major <= 1 { return "the mean of the batches' values" }
    guard release.version.major >= 3, ["precision", "recall"].contains(place.words) else {
      return .refused("not read: no metric of that name")
    }
    return "over all samples, as the class of that name counts"
  }
}

/// Metrics over an epoch: means of batches or of samples.
struct StatefulMetrics: MeaningRule {
  let id = "stateful-metrics"
  let title = "Masked or weighted metrics are averaged in another way"
  let severity = Severity.note
  let family = RuleFamily.training
  let consequence = Consequence.none
  let affected = "masked or weighted metrics, between Keras up to 2.2.4 or tf.keras up to 1.12, and later"
  let explanation = """
    Up to Keras 2.2.4 and tf.keras 1.12 a metric over an epoch is the mean of the batches' values, each counted by its number
    of samples. From Keras 2.3 and TensorFlow 1.13 on metrics have states and are means over all samples by mask and weight.
    For metrics without either both are the same number, else batches with little left of them count as much as full ones.
    """
  let fix = """
    Nothing, unless exact values are compared; `evaluate` follows the release that saved the file.
    """

  func places(in subject: AuditSubject) -> [RulePlace] {
    guard let words = subject.training else { return [] }
    var places = words.weightedMetrics.map {
      RulePlace(model: $0.location, words: $0.saved, summary: "The metric \($0.saved) is weighted.")
    }
    guard !words.metrics.isEmpty else { return places }
    for (index, output) in subject.outputs.enumerated() where output.hasMask {
      for metric in words.metrics where metric.output == nil || metric.output == index {
        places.append(
          RulePlace(
            model: metric.location, words: metric.saved,
            summary: "The metric \(metric.saved) of the output '\(output.name)' is under a mask."))
      }
    }
    return places
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    release.training.averagesMetricsByBatch
      ? "the mean of the batches' values by number of samples" : "the mean over all samples by mask and weight"
  }
}
