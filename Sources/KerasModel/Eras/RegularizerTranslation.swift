import KerasCore
import OrderedCollections

/// Every spelling of a regularizer, as Keras 3's `L1L2`, `L1`, `L2` or `OrthogonalRegularizer`.
enum RegularizerTranslation {
  /// The factor of the string shorthands, in every release.
  private static let shorthandFactor = 0.01

  private static let shorthands: [String: (l1: Double, l2: Double)] = [
    "l1": (shorthandFactor, 0), "l2": (0, shorthandFactor),
    "l1l2": (shorthandFactor, shorthandFactor), "l1_l2": (shorthandFactor, shorthandFactor),
    "activity_l1": (shorthandFactor, 0), "activity_l2": (0, shorthandFactor),
    "activity_l1l2": (shorthandFactor, shorthandFactor),
  ]

  /// Keras 0 and 1: the class stands under `name`, the factors beside it.
  private static let flatClasses: Set<String> = ["WeightRegularizer", "ActivityRegularizer", "L1L2Regularizer"]

  static func translate(_ value: JSON, field: String) throws(ModelError) -> Translated {
    if value.isNull { return Translated(nil) }
    if let text = value.stringValue {
      guard let factors = shorthands[text.lowercased()] else {
        throw ModelError(
          .unknownValue(field: field, value: text, known: shorthands.keys.sorted().joined(separator: ", ")))
      }
      return Translated(l1l2(.number(factors.l1), .number(factors.l2)), rule: "l1l2-default-0.01")
    }
    if let name = value["name"]?.stringValue, value["class_name"] == nil {
      if name == "Regularizer" { return Translated(nil, rule: "regularizer-identity") }
      guard flatClasses.contains(name) else {
        // EigenvalueRegularizer never saved its factor: dropped with a warning, as custom ones are.
        return Translated(["class_name": .string(name), "config": [:]], rule: "eigenvalue-regularizer")
      }
      return Translated(l1l2(value["l1"] ?? 0.0, value["l2"] ?? 0.0), rule: "regularizer-\(name)")
    }
    guard let className = value["class_name"]?.stringValue?.components(after: ">") else {
      throw ModelError(.invalidField(field, expected: "a regularizer", found: value))
    }
    let config = value["config"]
    switch className {
    case "L1L2": return Translated(l1l2(config?["l1"] ?? 0.0, config?["l2"] ?? 0.0))
    case "L1": return Translated(object(className, ["l1": config?["l1"] ?? .number(shorthandFactor)]))
    case "L2": return Translated(object(className, ["l2": config?["l2"] ?? .number(shorthandFactor)]))
    case "OrthogonalRegularizer": return Translated(object(className, config?.objectValue ?? [:]))
    default:
      // A custom one, by its registered name or as a function: training must know that it is there.
      return Translated(value, rule: "custom-objects")
    }
  }

  static func l1l2(_ l1: JSON, _ l2: JSON) -> JSON { object("L1L2", ["l1": l1, "l2": l2]) }

  private static func object(_ className: String, _ config: OrderedDictionary<String, JSON>) -> JSON {
    KerasObject.json(module: "keras.regularizers", className: className, config: .object(config))
  }
}

/// Keras 3's serialized form of an object.
public enum KerasObject {
  public static func json(module: String, className: String, config: JSON) -> JSON {
    ["module": .string(module), "class_name": .string(className), "config": config, "registered_name": nil]
  }
}

extension String {
  /// The part after the last `separator`, or all of it: `L2` of `Custom>L2`.
  func components(after separator: Character) -> String {
    lastIndex(of: separator).map { String(self[index(after: $0)...]) } ?? self
  }
}

/// Old constraints in Keras 3's terms, their axes moved to the canonical kernel's.
enum ConstraintTranslation {
  private static let names = [
    "maxnorm": "MaxNorm", "max_norm": "MaxNorm", "nonneg": "NonNeg", "non_neg": "NonNeg", "unitnorm": "UnitNorm",
    "unit_norm": "UnitNorm", "min_max_norm": "MinMaxNorm",
    "radial_constraint": "keraskit>RadialConstraint", "RadialConstraint": "keraskit>RadialConstraint",
  ]
  private static let fields = ["m": "max_value", "low": "min_value", "high": "max_value"]

  static func translate(_ value: JSON, axisMap: [Int: Int]?, dialect: Era.Dialect, version: KerasVersion) -> Translated
  {
    if value.isNull { return Translated(nil) }
    var rule: String?
    var className = value.stringValue ?? value["class_name"]?.stringValue ?? value["name"]?.stringValue ?? ""
    className = className.components(after: ">")
    className = names[className] ?? className
    var config: OrderedDictionary<String, JSON> = [:]
    for (key, field) in value["config"]?.objectValue ?? value.objectValue ?? [:]
    where !["name", "class_name", "module", "registered_name"].contains(key) {
      config[fields[key] ?? key] = field
    }
    if dialect <= .keras1 { rule = "constraint-\(className)" }
    if config["axis"] == nil, !["NonNeg", "keraskit>RadialConstraint"].contains(className) {
      config["axis"] = className == "UnitNorm" && version < KerasVersion(0, 3, 0) ? -1 : 0
    }
    if let axisMap, let axis = config["axis"] {
      let old = axis.arrayValue?.compactMap(\.intValue) ?? axis.intValue.map { [$0] } ?? []
      var moved: [Int] = []
      for axis in old.map({ axisMap[$0] ?? $0 }) where !moved.contains(axis) { moved.append(axis) }
      let new = moved.count == 1 ? JSON(moved[0]) : JSON(moved)
      if new != axis { rule = "constraint-axis-th" }
      config["axis"] = new
    }
    return Translated(
      KerasObject.json(module: "keras.constraints", className: className, config: .object(config)), rule: rule)
  }
}

/// Old initializers in Keras 3's terms; they matter only for weights made anew.
enum InitializerTranslation {
  private static let names: [String: (className: String, config: JSON)] = [
    "uniform": ("RandomUniform", ["minval": -0.05, "maxval": 0.05, "seed": nil]),
    "random_uniform": ("RandomUniform", ["minval": -0.05, "maxval": 0.05, "seed": nil]),
    "normal": ("RandomNormal", ["mean": 0.0, "stddev": 0.05, "seed": nil]),
    "random_normal": ("RandomNormal", ["mean": 0.0, "stddev": 0.05, "seed": nil]),
    "zero": ("Zeros", [:]), "zeros": ("Zeros", [:]), "one": ("Ones", [:]), "ones": ("Ones", [:]),
    "identity": ("Identity", ["gain": 1.0]),
    "orthogonal": ("Orthogonal", ["gain": 1.0, "seed": nil]),
    "glorot_uniform": ("GlorotUniform", ["seed": nil]), "glorot_normal": ("GlorotNormal", ["seed": nil]),
    "he_uniform": ("HeUniform", ["seed": nil]), "he_normal": ("HeNormal", ["seed": nil]),
    "lecun_uniform": ("LecunUniform", ["seed": nil]), "lecun_normal": ("LecunNormal", ["seed": nil]),
  ]

  static func translate(_ value: JSON, dialect: Era.Dialect) -> Translated {
    if let text = value.stringValue {
      guard let named = names[text] ?? names[SavedLayer.snakeCase(text)] else { return Translated(value) }
      var config = named.config
      if text == "orthogonal", dialect <= .keras1 { config["gain"] = 1.1 }
      return Translated(KerasObject.json(module: "keras.initializers", className: named.className, config: config))
    }
    guard let className = value["class_name"]?.stringValue, var config = value["config"]?.objectValue else {
      return Translated(value)
    }
    // TensorFlow 1 wrote a dtype, and the newest releases write the axes of the fans.
    for key in ["dtype", "partition_info"] { config[key] = nil }
    if className == "VarianceScaling", config["distribution"] == "normal" {
      config["distribution"] = "truncated_normal"
    }
    return Translated(KerasObject.json(module: "keras.initializers", className: className, config: .object(config)))
  }
}
