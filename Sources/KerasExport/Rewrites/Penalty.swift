import KerasCore

/// Penalties on activations as Keras 3 objects.
enum Penalty {
  /// The two factors of a canonical regularizer; throws for one that is neither L1 nor L2.
  static func factors(_ regularizer: JSON, _ context: RewriteContext) throws(ExportError) -> (l1: Double, l2: Double) {
    let config = regularizer["config"] ?? .null
    switch regularizer["class_name"]?.stringValue {
    case "L1L2", "L1", "L2": return (config["l1"]?.doubleValue ?? 0, config["l2"]?.doubleValue ?? 0)
    default:
      throw context.refusal(
        "the activity regularizer \(regularizer["class_name"]?.stringValue ?? regularizer.text())",
        "only L1 and L2 penalties can stand in a layer of their own")
    }
  }

  /// The regularizer with all its factors multiplied.
  static func scaled(_ regularizer: JSON, by factor: Double) -> JSON {
    guard factor != 1, var config = regularizer["config"]?.objectValue else { return regularizer }
    for key in ["l1", "l2", "factor"] {
      if let value = config[key]?.doubleValue { config[key] = .number(value * factor) }
    }
    var result = regularizer
    result["config"] = .object(config)
    return result
  }

  /// A layer that passes its input on and adds its penalty.
  static func layer(_ name: String, l1: Double, l2: Double) -> LayerConfig {
    LayerConfig(
      "ActivityRegularization", name: name,
      fields: ["trainable": true, "dtype": "float32", "l1": .number(l1), "l2": .number(l2)])
  }
}
