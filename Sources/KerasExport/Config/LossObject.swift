import KerasCore
import OrderedCollections

/// A loss object of tf.keras in Keras 3's words.
///
/// tf.keras' HDF5 files write class and config without a module, `auto` for the mean, which Keras 3 refuses (measured on
/// 3.15.1), and in 2.12 to 2.15 the function that the class wraps.
enum LossObject {
  /// The fields beside name and reduction that Keras 3's class of that name takes.
  private static let fields: [String: Set<String>] = [
    "BinaryCrossentropy": ["from_logits", "label_smoothing", "axis"],
    "BinaryFocalCrossentropy": ["apply_class_balancing", "alpha", "gamma", "from_logits", "label_smoothing", "axis"],
    "CategoricalCrossentropy": ["from_logits", "label_smoothing", "axis"],
    "CategoricalFocalCrossentropy": ["alpha", "gamma", "from_logits", "label_smoothing", "axis"],
    "CategoricalHinge": [], "CosineSimilarity": ["axis"], "Hinge": [], "Huber": ["delta"], "KLDivergence": [],
    "LogCosh": [], "MeanAbsoluteError": [], "MeanAbsolutePercentageError": [], "MeanSquaredError": [],
    "MeanSquaredLogarithmicError": [], "Poisson": [],
    "SparseCategoricalCrossentropy": ["from_logits", "ignore_class"], "SquaredHinge": [],
  ]

  /// The loss with every such object in it translated; what is not one stays.
  static func translated(_ loss: JSON) -> JSON {
    TrainingObject.translated(loss, module: "keras.losses", fields: fields, common: ["name", "reduction"]) { config in
      if config["reduction"] == nil || config["reduction"] == "auto" { config["reduction"] = "sum_over_batch_size" }
    }
  }
}

/// A metric object of tf.keras in Keras 3's words: the same fields, and the module that tf.keras leaves out.
enum MetricObject {
  /// The fields beside name and dtype that the class takes in Keras 3.15 and tf.keras 2.15 both.
  private static let fields: [String: Set<String>] = {
    var fields: [String: Set<String>] = [
      "AUC": [
        "num_thresholds", "curve", "summation_method", "thresholds", "multi_label", "num_labels", "label_weights",
        "from_logits",
      ],
      "BinaryAccuracy": ["threshold"], "BinaryCrossentropy": ["from_logits", "label_smoothing"],
      "CategoricalCrossentropy": ["from_logits", "label_smoothing", "axis"],
      "SparseCategoricalCrossentropy": ["from_logits", "ignore_class", "axis"], "CosineSimilarity": ["axis"],
      "BinaryIoU": ["target_class_ids", "threshold"], "F1Score": ["average", "threshold"],
      "FBetaScore": ["average", "beta", "threshold"], "R2Score": ["class_aggregation", "num_regressors"],
      "TopKCategoricalAccuracy": ["k"], "SparseTopKCategoricalAccuracy": ["k"],
    ]
    let iou: Set<String> = ["num_classes", "ignore_class", "sparse_y_pred", "axis"]
    fields["MeanIoU"] = iou.union(["sparse_y_true"])
    fields["IoU"] = iou.union(["sparse_y_true", "target_class_ids"])
    fields["OneHotIoU"] = iou.union(["target_class_ids"])
    fields["OneHotMeanIoU"] = iou
    for name in ["FalseNegatives", "FalsePositives", "TrueNegatives", "TruePositives"] { fields[name] = ["thresholds"] }
    for name in ["Precision", "Recall"] { fields[name] = ["thresholds", "top_k", "class_id"] }
    for (name, field) in [
      ("PrecisionAtRecall", "recall"), ("RecallAtPrecision", "precision"),
      ("SensitivityAtSpecificity", "specificity"), ("SpecificityAtSensitivity", "sensitivity"),
    ] { fields[name] = [field, "num_thresholds", "class_id"] }
    for name in [
      "Accuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy", "CategoricalHinge", "Hinge", "SquaredHinge",
      "KLDivergence", "LogCoshError", "Poisson", "MeanAbsoluteError", "MeanAbsolutePercentageError",
      "MeanSquaredError", "MeanSquaredLogarithmicError", "RootMeanSquaredError", "Mean", "Sum",
    ] { fields[name] = [] }
    return fields
  }()

  /// The metrics with every such object in them translated; what is not one stays.
  static func translated(_ metrics: JSON) -> JSON {
    TrainingObject.translated(metrics, module: "keras.metrics", fields: fields, common: ["name", "dtype"]) { config in
      // A policy's name; all others that a float metric may have are float32's kind.
      if config["dtype"]?.stringValue == nil { config["dtype"] = nil }
    }
  }
}

/// Objects of a training config that tf.keras writes by class and config alone.
private enum TrainingObject {
  /// Those without a module whose class `fields` knows, in any structure, as Keras 3 writes them.
  static func translated(
    _ value: JSON, module: String, fields: [String: Set<String>], common: Set<String>,
    _ complete: (inout OrderedDictionary<String, JSON>) -> Void
  ) -> JSON {
    func inner(_ value: JSON) -> JSON {
      translated(value, module: module, fields: fields, common: common, complete)
    }
    if let list = value.arrayValue { return .array(list.map(inner)) }
    guard let members = value.objectValue else { return value }
    guard let className = members["class_name"]?.stringValue else {
      return .object(members.mapValues(inner))
    }
    guard members["module"] == nil, let known = fields[className], let saved = members["config"]?.objectValue else {
      return value
    }
    var config = saved.filter { known.contains($0.key) || common.contains($0.key) }
    complete(&config)
    return [
      "module": .string(module), "class_name": .string(className), "config": .object(config), "registered_name": nil,
    ]
  }
}
