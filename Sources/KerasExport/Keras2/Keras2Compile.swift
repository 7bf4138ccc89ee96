import KerasCore
import OrderedCollections

/// A compile config in the form of tf.keras 2.15's `training_config`.
enum Keras2Compile {
  static func trainingConfig(_ compile: JSON) -> JSON {
    [
      "loss": objects(compile["loss"] ?? .null), "metrics": objects(compile["metrics"] ?? .null),
      "weighted_metrics": objects(compile["weighted_metrics"] ?? .null),
      "loss_weights": compile["loss_weights"] ?? .null, "optimizer_config": optimizer(compile["optimizer"] ?? .null),
    ]
  }

  /// Losses and metrics by class and config alone.
  private static func objects(_ value: JSON) -> JSON {
    switch value {
    case .array(let elements): return .array(elements.map { objects($0) })
    case .object(let members):
      guard let className = members["class_name"], var config = members["config"]?.objectValue else {
        return .object(members.mapValues { objects($0) })
      }
      // The losses' own default; a mean that stays one under distribution strategies is not asked for.
      if config["reduction"] == "sum_over_batch_size" { config["reduction"] = "auto" }
      for (key, member) in config where member["config"] != nil { config[key] = objects(member) }
      return ["class_name": className, "config": .object(config)]
    default: return value
    }
  }

  /// An optimizer of 2.11 and later, which is told from the older classes by `is_legacy_optimizer`.
  private static func optimizer(_ json: JSON) -> JSON {
    let className = json["class_name"]?.stringValue ?? ""
    var config = json["config"]?.objectValue ?? [:]
    for key in ["loss_scale_factor", "gradient_accumulation_steps"] { config[key] = nil }
    if className == "LossScaleOptimizer" {
      return [
        "class_name": "LossScaleOptimizerV3",
        "config": [
          "inner_optimizer": optimizer(config["inner_optimizer"] ?? .null), "dynamic": true,
          "initial_scale": config["initial_scale"] ?? 32768.0,
          "dynamic_growth_steps": config["dynamic_growth_steps"] ?? 2000,
        ],
      ]
    }
    config["jit_compile"] = false
    config["is_legacy_optimizer"] = false
    if let rate = config["learning_rate"], rate["class_name"] != nil { config["learning_rate"] = objects(rate) }
    return ["class_name": .string("Custom>" + className), "config": .object(config)]
  }
}
