import KerasCore
import KerasModel
import OrderedCollections

/// Brings an optimizer's canonical config to one that the target loads, every field explicit, in Keras 3's form.
struct OptimizerConfig {
  private static let common: OrderedDictionary<String, JSON> = [
    "weight_decay": nil, "clipnorm": nil, "global_clipnorm": nil, "clipvalue": nil, "use_ema": false,
    "ema_momentum": 0.99, "ema_overwrite_frequency": nil, "loss_scale_factor": nil, "gradient_accumulation_steps": nil,
  ]
  /// Each class's own fields with Keras 3's defaults.
  private static let own: [String: OrderedDictionary<String, JSON>] = [
    "SGD": ["momentum": 0.0, "nesterov": false],
    "RMSprop": ["rho": 0.9, "momentum": 0.0, "epsilon": 1e-07, "centered": false],
    "Adam": ["beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-07, "amsgrad": false],
    "AdamW": ["beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-07, "amsgrad": false],
    "Adagrad": ["initial_accumulator_value": 0.1, "epsilon": 1e-07],
    "Adadelta": ["rho": 0.95, "epsilon": 1e-07],
    "Adamax": ["beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-07],
    "Nadam": ["beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-07],
    "Ftrl": [
      "learning_rate_power": -0.5, "initial_accumulator_value": 0.1, "l1_regularization_strength": 0.0,
      "l2_regularization_strength": 0.0, "l2_shrinkage_regularization_strength": 0.0, "beta": 0.0,
    ],
    "Lion": ["beta_1": 0.9, "beta_2": 0.99],
    "Lamb": ["beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-07],
    "ScheduleFreeAdamW": ["beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-08, "warmup_steps": 0],
    "Muon": [
      "adam_beta_1": 0.9, "adam_beta_2": 0.999, "epsilon": 1e-07, "exclude_layers": .array([]), "muon_a": 3.4445,
      "muon_b": -4.775, "muon_c": 2.0315, "adam_lr_ratio": 1, "momentum": 0.95, "ns_steps": 5, "nesterov": true,
      "exclude_embeddings": true, "adam_weight_decay": 0.004, "rms_rate": 0.2,
    ],
    "Adafactor": [
      "beta_2_decay": -0.8, "epsilon_1": 1e-30, "epsilon_2": 0.001, "clip_threshold": 1.0, "relative_step": true,
    ],
  ]

  private static let newer: Set<String> = ["Lamb", "ScheduleFreeAdamW", "Muon", "MultiOptimizer"]

  let className: String
  let json: JSON
  private(set) var notes: [ExportNote] = []

  /// `nil` if the target has no such optimizer.
  init?(_ canonical: JSON, semantics: TrainingSemantics, target: RewriteTarget) {
    guard target.isKeras3 || !Self.newer.contains(canonical["class_name"]?.stringValue ?? "") else { return nil }
    if ["LossScaleOptimizer", "MultiOptimizer"].contains(canonical["class_name"]?.stringValue) {
      guard let outer = Self.around(canonical, semantics, target) else { return nil }
      self = outer
      return
    }
    guard let name = canonical["class_name"]?.stringValue, let own = Self.own[name] else { return nil }
    className = name
    let saved = canonical["config"]?.objectValue ?? [:]
    var config: OrderedDictionary<String, JSON> = [
      "name": saved["name"] ?? .string(name.lowercased()), "learning_rate": Self.rate(saved["learning_rate"] ?? 0.001),
    ]
    for (key, standard) in Self.common.merging(own, uniquingKeysWith: { first, _ in first }) {
      config[key] = saved[key] ?? standard
    }
    if let decay = saved["decay"]?.doubleValue, decay > 0, semantics.honorsDecay, name != "Nadam" {
      config["learning_rate"] = Self.schedule(
        "InverseTimeDecay",
        ["initial_learning_rate": saved["learning_rate"] ?? 0.001, "decay_steps": 1, "decay_rate": .number(decay)])
      notes.append(
        ExportNote(.rewritten, "the optimizer's decay is an InverseTimeDecay schedule, which computes the same"))
    }
    if semantics.clipnormScope == .global, let norm = saved["clipnorm"], !norm.isNull {
      config["global_clipnorm"] = norm
      config["clipnorm"] = .null
      notes.append(
        ExportNote(.rewritten, "clipnorm is written as global_clipnorm: it was the norm over all gradients together"))
    }
    let clips = ["clipnorm", "global_clipnorm", "clipvalue"].filter { !(config[$0] ?? .null).isNull }
    for extra in clips.dropFirst() {
      config[extra] = .null
      notes.append(
        ExportNote(
          .lost, "\(target.name) allows one kind of gradient clipping: \(clips[0]) stays, \(extra) is left out"))
    }
    if let schedule = saved["schedule_decay"]?.doubleValue, schedule != 0 {
      notes.append(
        ExportNote(.lost, "Nadam's schedule_decay of \(schedule): \(target.name) has a fixed momentum schedule"))
    }
    if name == "RMSprop", semantics.rmspropEpsilon == .outsideRoot {
      notes.append(
        ExportNote(.lost, "RMSprop adds epsilon inside the root in \(target.name), outside in \(semantics.name)"))
    }
    if name == "Adagrad", semantics.adagradEpsilon == .outsideRoot {
      notes.append(
        ExportNote(.lost, "Adagrad adds epsilon inside the root in \(target.name), outside in \(semantics.name)"))
    }
    if !target.isKeras3 {
      for key in ["loss_scale_factor", "gradient_accumulation_steps"] where !(config[key] ?? .null).isNull {
        notes.append(ExportNote(.lost, "the optimizer's \(key), which \(target.name) does not have"))
      }
    }
    json = [
      "module": "keras.optimizers", "class_name": .string(name), "config": .object(config), "registered_name": nil,
    ]
  }

  /// An optimizer of optimizers.
  private static func around(
    _ canonical: JSON, _ semantics: TrainingSemantics, _ target: RewriteTarget
  ) -> OptimizerConfig? {
    var config = canonical["config"] ?? .object([:])
    var notes: [ExportNote] = []
    func converted(_ value: JSON?) -> JSON? {
      guard let inner = OptimizerConfig(value ?? .null, semantics: semantics, target: target) else { return nil }
      notes += inner.notes
      return inner.json
    }
    if canonical["class_name"] == "LossScaleOptimizer" {
      guard let inner = converted(config["inner_optimizer"]) else { return nil }
      config["inner_optimizer"] = inner
      config["name"] = config["name"] ?? "loss_scale_optimizer"
    } else {
      guard var map = config["optimizer_map"], var fields = map["config"],
        let standard = converted(fields["default_optimizer"])
      else { return nil }
      fields["default_optimizer"] = standard
      var named: OrderedDictionary<String, JSON> = [:]
      for (key, value) in fields["optimizer_map"]?.objectValue ?? [:] {
        guard let inner = converted(value) else { return nil }
        named[key] = inner
      }
      fields["optimizer_map"] = .object(named)
      map["config"] = fields
      config["optimizer_map"] = map
    }
    let className = canonical["class_name"]?.stringValue ?? ""
    return OptimizerConfig(
      className: className,
      json: [
        "module": "keras.optimizers", "class_name": .string(className), "config": config, "registered_name": nil,
      ],
      notes: notes)
  }

  private init(className: String, json: JSON, notes: [ExportNote]) {
    self.className = className
    self.json = json
    self.notes = notes
  }

  /// A number, or a schedule with the module that Keras 3 finds it in.
  private static func rate(_ value: JSON) -> JSON {
    guard let className = value["class_name"]?.stringValue else { return value }
    return schedule(className, value["config"]?.objectValue ?? [:])
  }

  private static func schedule(_ className: String, _ fields: OrderedDictionary<String, JSON>) -> JSON {
    var config = fields
    if config["name"] == nil { config["name"] = .string(className) }
    if className == "InverseTimeDecay", config["staircase"] == nil { config["staircase"] = false }
    return [
      "module": "keras.optimizers.schedules", "class_name": .string(className), "config": .object(config),
      "registered_name": nil,
    ]
  }
}
