import KerasCore
import KerasFile
import OrderedCollections

/// Brings a training config of any era to Keras 3's compile config.
enum CompileUpgrade {
  static func upgrade(
    _ source: ModelSource, saved: JSON, in upgrade: inout ConfigUpgrade
  ) throws(ModelError) -> JSON? {
    // Keras 0 wrote loss and optimizer into the model's config.
    let isEmbedded = source.trainingConfig == nil && saved["class_name"] == nil && saved["loss"] != nil
    guard let config = (source.trainingConfig ?? (isEmbedded ? saved : saved["compile_config"]))?.objectValue,
      !config.isEmpty
    else { return nil }
    var pass = Pass(
      era: upgrade.era, file: source.file,
      container: isEmbedded ? source.configContainer : source.trainingConfigContainer)
    var compile: OrderedDictionary<String, JSON> = [
      "optimizer": pass.optimizer(
        config["optimizer"] ?? config["optimizer_config"] ?? .null,
        key: config["optimizer"] == nil ? "optimizer_config" : "optimizer"),
      "loss": pass.named(config["loss"] ?? .null, key: "loss"),
      "loss_weights": emptied(config["loss_weights"]),
      "metrics": pass.named(config["metrics"] ?? .null, key: "metrics"),
      "weighted_metrics": pass.named(config["weighted_metrics"] ?? .null, key: "weighted_metrics"),
    ]
    // Keras 0's `class_mode` asked for accuracy.
    if let mode = config["class_mode"]?.stringValue, isEmbedded {
      compile["metrics"] = ["accuracy"]
      pass.record(
        .translated, "class-mode", ["class_mode"], old: ("class_mode", .string(mode)), new: ("metrics", ["accuracy"]))
    }
    if let mode = config["sample_weight_mode"] ?? config["sample_weight_modes"], !isEmpty(mode) {
      compile["sample_weight_mode"] = mode
    }
    upgrade.provenance += pass.provenance
    return .object(compile)
  }

  private static func isEmpty(_ value: JSON) -> Bool { value.isNull || value.objectValue?.isEmpty == true }
  private static func emptied(_ value: JSON?) -> JSON { value.map { isEmpty($0) ? .null : $0 } ?? .null }

  private struct Pass {
    let era: Era
    let file: String
    let container: String
    var provenance: [Provenance] = []

    mutating func record(
      _ kind: Provenance.Kind, _ rule: String, _ path: [String], old: (String, JSON)? = nil, new: (String, JSON)? = nil
    ) {
      provenance.append(
        Provenance(
          kind: kind, rule: rule, layer: "",
          location: SourceLocation(file: file, container: container, pointer: JSONPointer(path)), oldKey: old?.0,
          oldValue: old?.1, newKey: new?.0, newValue: new?.1))
    }

    // MARK: Optimizer

    mutating func optimizer(_ value: JSON, key: String) -> JSON {
      if let text = value.stringValue {
        return object(CompileTables.optimizers[text.lowercased()] ?? text, [:], path: [key])
      }
      guard let members = value.objectValue else { return nil }
      if let className = members["class_name"]?.stringValue {
        return object(className.components(after: ">"), members["config"]?.objectValue ?? [:], path: [key, "config"])
      }
      var fields = members
      fields["name"] = nil
      return object(members["name"]?.stringValue ?? "", fields, path: [key])
    }

    private mutating func object(_ saved: String, _ fields: OrderedDictionary<String, JSON>, path: [String]) -> JSON {
      let className = CompileTables.optimizers[saved.lowercased()] ?? saved
      var config: OrderedDictionary<String, JSON> = [:]
      for (key, value) in className == "LossScaleOptimizer" ? scaleFields(fields, path: path) : fields {
        switch key {
        // Optimizers inside others.
        case "inner_optimizer", "default_optimizer": config[key] = inner(value, path: path + [key])
        case "optimizer_map":
          if value["class_name"] == nil {
            var map = value.objectValue ?? [:]
            for (name, member) in map { map[name] = inner(member, path: path + [key, name]) }
            config[key] = .object(map)
          } else {
            config[key] = inner(value, path: path + [key])
          }
        case "lr":
          config["learning_rate"] = value
          record(.renamed, "rename-lr", path + [key], old: (key, value), new: ("learning_rate", value))
        case "epsilon" where value.isNull: break
        case "schedule_decay" where era.dialect <= .keras2: config[key] = value
        default: config[key] = value
        }
      }
      for row in CompileTables.optimizerDefaults
      where row.classes.contains(className) && row.releases.contains(era.version) {
        if config[row.field] == nil {
          config[row.field] = row.value
          record(.defaulted, row.rule, path, new: (row.field, row.value))
        }
      }
      return KerasObject.json(module: "keras.optimizers", className: className, config: .object(config))
    }

    private mutating func inner(_ value: JSON, path: [String]) -> JSON {
      object(
        value["class_name"]?.stringValue?.components(after: ">") ?? "", value["config"]?.objectValue ?? [:],
        path: path + ["config"])
    }

    /// TensorFlow 2.1 to 2.3's `optimizer` and `loss_scale`, and 2.4's `dynamic`, in Keras 3's fields.
    private mutating func scaleFields(
      _ saved: OrderedDictionary<String, JSON>, path: [String]
    ) -> OrderedDictionary<String, JSON> {
      var fields = saved
      if let optimizer = saved["optimizer"] { fields["inner_optimizer"] = optimizer }
      if let scale = saved["loss_scale"]?["config"] {
        fields["initial_scale"] = scale["initial_loss_scale"] ?? scale["loss_scale_value"] ?? fields["initial_scale"]
        fields["dynamic_growth_steps"] = scale["increment_period"] ?? fields["dynamic_growth_steps"]
      }
      for key in ["optimizer", "loss_scale", "dynamic"] where fields[key] != nil {
        record(.translated, "loss-scale", path + [key], old: (key, fields[key] ?? .null))
        fields[key] = nil
      }
      if fields["initial_scale"]?.isNull == true { fields["initial_scale"] = nil }
      // A fixed scale: as one that never grows.
      if fields["dynamic_growth_steps"]?.isNull == true { fields["dynamic_growth_steps"] = 1_000_000_000 }
      return fields
    }

    // MARK: Losses and metrics

    /// A loss or metric in any structure: names, objects, lists, dictionaries by output.
    mutating func named(_ value: JSON, key: String, path: [String] = []) -> JSON {
      let here = path.isEmpty ? [key] : path
      switch value {
      case .string(let text):
        let name = CompileTables.functions[text] ?? text
        if name != text {
          record(.translated, "alias-\(text)", here, old: (key, value), new: (key, .string(name)))
        }
        return .string(name)
      case .array(let list):
        return .array(list.enumerated().map { named($1, key: key, path: here + [String($0)]) })
      case .object(let members):
        if members["class_name"] != nil { return function(value, key: key, path: here) }
        if members.isEmpty { return nil }
        var result: OrderedDictionary<String, JSON> = [:]
        for (name, member) in members { result[name] = named(member, key: key, path: here + [name]) }
        return .object(result)
      default: return value
      }
    }

    /// tf.keras and Keras 3 wrap a function: the name inside says which.
    private mutating func function(_ value: JSON, key: String, path: [String]) -> JSON {
      let className = value["class_name"]?.stringValue ?? ""
      if className == "function" { return named(value["config"] ?? .null, key: key, path: path + ["config"]) }
      guard ["MeanMetricWrapper", "LossFunctionWrapper", "SumOverBatchSizeMetricWrapper"].contains(className) else {
        return value
      }
      let fn = value["config"]?["fn"] ?? .null
      let inner = fn["config"]?.stringValue.map { JSON.string($0) } ?? fn
      let name = inner.stringValue.map { CompileTables.functions[$0] ?? $0 }
      // Keras names the accuracy it resolved after the function it took.
      let result = name.map { JSON.string($0) } ?? value
      record(.translated, "metric-wrapper", path, old: (key, value), new: (key, result))
      return result
    }
  }
}

/// Names and defaults of training configs, per era.
enum CompileTables {
  struct OptimizerDefault: Sendable {
    var field: String
    var classes: Set<String>
    var value: JSON
    var releases: Releases
    var rule: String
  }

  static let optimizers = [
    "sgd": "SGD", "rmsprop": "RMSprop", "adagrad": "Adagrad", "adadelta": "Adadelta", "adam": "Adam",
    "adamax": "Adamax",
    "nadam": "Nadam", "ftrl": "Ftrl", "adamw": "AdamW", "lion": "Lion", "adafactor": "Adafactor", "lamb": "Lamb",
    "muon": "Muon", "schedulefreeadamw": "ScheduleFreeAdamW", "multioptimizer": "MultiOptimizer",
    "lossscaleoptimizer": "LossScaleOptimizer", "lossscaleoptimizerv1": "LossScaleOptimizer",
    "lossscaleoptimizerv3": "LossScaleOptimizer",
  ]

  /// Names of losses and metrics that mean the same.
  static let functions = [
    "mse": "mean_squared_error", "MSE": "mean_squared_error",
    "mae": "mean_absolute_error", "MAE": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error", "MAPE": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error", "MSLE": "mean_squared_logarithmic_error",
    "kld": "kl_divergence", "KLD": "kl_divergence", "kullback_leibler_divergence": "kl_divergence",
    "cosine": "cosine_similarity", "cosine_proximity": "cosine_similarity", "logcosh": "log_cosh",
    "poisson_loss": "poisson", "bce": "binary_crossentropy", "BCE": "binary_crossentropy", "huber_loss": "huber",
    "acc": "accuracy",
  ]

  private static let withEpsilon: Set<String> = ["RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax", "Nadam"]
  private static let all = withEpsilon.union(["SGD"])

  static let optimizerDefaults: [OptimizerDefault] = [
    OptimizerDefault(
      field: "epsilon", classes: withEpsilon.subtracting(["Adam"]), value: 1e-6, releases: .before(1, 0, 3),
      rule: "rmsprop-eps"),
    OptimizerDefault(field: "epsilon", classes: withEpsilon, value: 1e-8, releases: .before(2, 1, 3), rule: "adam-eps"),
    OptimizerDefault(field: "epsilon", classes: withEpsilon, value: 1e-7, releases: .all, rule: "adam-eps"),
    OptimizerDefault(
      field: "initial_accumulator_value", classes: ["Adagrad"], value: 0.0, releases: .before(2, 4, kind: .standalone),
      rule: "adagrad-eps/init"),
    OptimizerDefault(field: "momentum", classes: ["SGD"], value: 0.0, releases: .all, rule: "default-momentum"),
    OptimizerDefault(field: "nesterov", classes: ["SGD"], value: false, releases: .all, rule: "default-nesterov"),
    OptimizerDefault(
      field: "learning_rate", classes: ["SGD", "Adagrad"], value: 0.01, releases: .all, rule: "default-lr"),
    OptimizerDefault(
      field: "learning_rate", classes: ["Adadelta"], value: 1.0, releases: .before(2, 4, kind: .standalone),
      rule: "adadelta-lr"),
    OptimizerDefault(
      field: "learning_rate", classes: ["Nadam", "Adamax"], value: 0.002, releases: .before(2, 4, kind: .standalone),
      rule: "nadam/adamax-lr"),
    OptimizerDefault(
      field: "learning_rate", classes: withEpsilon.subtracting(["Adagrad"]), value: 0.001, releases: .all,
      rule: "default-lr"),
  ]
}
