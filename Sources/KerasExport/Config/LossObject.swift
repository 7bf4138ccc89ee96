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
    if let list = loss.arrayValue { return .array(list.map { translated($0) }) }
    guard let members = loss.objectValue else { return loss }
    guard let className = members["class_name"]?.stringValue else {
      var result: OrderedDictionary<String, JSON> = [:]
      for (name, member) in members { result[name] = translated(member) }
      return .object(result)
    }
    guard members["module"] == nil, let known = fields[className], let saved = members["config"]?.objectValue else {
      return loss
    }
    var config: OrderedDictionary<String, JSON> = [:]
    for (key, value) in saved where known.contains(key) || ["name", "reduction"].contains(key) { config[key] = value }
    if config["reduction"] == nil || config["reduction"] == "auto" { config["reduction"] = "sum_over_batch_size" }
    return [
      "module": "keras.losses", "class_name": .string(className), "config": .object(config), "registered_name": nil,
    ]
  }
}
