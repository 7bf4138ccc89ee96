import KerasCore

/// Compares configs in canonical terms, field by field.
enum FieldComparison {
  private static let notes: Set<String> = [
    "name", "dtype", "seed", "implementation", "unroll", "use_cudnn", "autocast", "optional", "jit_compile",
    "steps_per_execution", "run_eagerly", "auto_scale_loss", "build_config", "input_length", "ema_momentum",
  ]
  private static let training: Set<String> = [
    "rate", "dropout", "recurrent_dropout", "momentum", "stddev", "trainable", "factor", "noise_shape", "renorm",
    "synchronized", "l1", "l2", "sparse_categorical",
  ]
  /// Places in a file, and what the layers' own comparison covers.
  private static let skipped: Set<String> = [
    "source_pointer", "module", "registered_name", "inbound_nodes", "build_config", "shared_object_id",
  ]

  /// Settings of optimizers with which they do what releases without the field did.
  private static let neutral: [String: JSON] = [
    "decay": 0.0, "use_ema": false, "momentum": 0.0, "centered": false, "nesterov": false, "amsgrad": false,
    "weight_decay": 0.0, "is_legacy_optimizer": false,
  ]

  /// Whether the field is absent on one side and neutral on the other.
  private static func isNeutral(_ name: String, _ a: JSON, _ b: JSON) -> Bool {
    guard name.hasPrefix("optimizer."), a.isNull || b.isNull, let key = name.split(separator: ".").last,
      let value = neutral[String(key)]
    else { return false }
    return [a, b].allSatisfy { $0.isNull || isEqual($0, value) }
  }

  /// What a field of that dotted name changes.
  static func effect(_ name: String) -> ModelDiff.Effect {
    let parts = name.split(separator: ".").map(String.init)
    if parts.contains(where: { $0.hasSuffix("initializer") || notes.contains($0) }) { return .note }
    if parts.contains(where: { $0.hasSuffix("regularizer") || $0.hasSuffix("constraint") || training.contains($0) }) {
      return .training
    }
    return .inference
  }

  /// The innermost fields that differ.
  static func compare(
    _ a: JSON?, _ b: JSON?, name: String, effect: (String) -> ModelDiff.Effect = Self.effect
  ) -> [ModelDiff.Field] {
    let (x, y) = (normal(a), normal(b))
    if isEqual(x, y) || isNeutral(name, x, y) { return [] }
    if let p = x.objectValue, let q = y.objectValue, p["class_name"] == q["class_name"] {
      // An object's class and its fields, without the shell around them.
      let keys = Array(p.keys) + q.keys.filter { p[$0] == nil }
      return keys.flatMap { key -> [ModelDiff.Field] in
        guard !skipped.contains(key) else { return [] }
        let inner = key == "config" && p["class_name"] != nil ? name : name.isEmpty ? key : "\(name).\(key)"
        return compare(p[key], q[key], name: inner, effect: effect)
      }
    }
    if let p = x.arrayValue, let q = y.arrayValue, p.count == q.count, p.contains(where: { $0.objectValue != nil }) {
      return p.indices.flatMap { compare(p[$0], q[$0], name: "\(name).\($0)", effect: effect) }
    }
    return [ModelDiff.Field(name: name, a: a, b: b, effect: effect(name))]
  }

  /// One form for what Keras says in several.
  private static func normal(_ value: JSON?) -> JSON {
    guard let value, let members = value.objectValue, let name = members["class_name"]?.stringValue else {
      return value ?? .null
    }
    let config = members["config"] ?? [:]
    switch name {
    case "L1L2", "L1", "L2":
      let (l1, l2) = (config["l1"]?.doubleValue ?? 0, config["l2"]?.doubleValue ?? 0)
      if l1 == 0, l2 == 0 { return .null }
      return ["class_name": "L1L2", "config": ["l1": .number(l1), "l2": .number(l2)]]
    case "DTypePolicy": return config["name"] ?? value
    default: return value
    }
  }

  /// Numbers as float32, in which all of Keras computes.
  private static func isEqual(_ a: JSON, _ b: JSON) -> Bool {
    if a == b { return true }
    if a.boolValue == nil, b.boolValue == nil, let x = a.doubleValue, let y = b.doubleValue {
      return Float(x) == Float(y)
    }
    if let p = a.arrayValue, let q = b.arrayValue { return p.count == q.count && zip(p, q).allSatisfy(isEqual) }
    return false
  }
}
