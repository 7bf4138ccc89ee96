import KerasCore
import OrderedCollections

/// A field's value said in Keras 3's way, and the rule if that changed more than its spelling.
struct Translated {
  var value: JSON
  var rule: String?

  init(_ value: JSON, rule: String? = nil) {
    self.value = value
    self.rule = rule
  }
}

/// Says one field's value as Keras 3 does: by the field's canonical name, the class, and the era.
struct ValueTranslation {
  var era: Era
  var className: String
  /// The old class name, for values whose layout it decides.
  var oldClassName: String
  /// All fields as saved, for values that depend on another.
  var saved: OrderedDictionary<String, JSON>

  func translate(_ key: String, _ value: JSON) throws(ModelError) -> Translated {
    switch key {
    case "activation", "recurrent_activation": activation(value)
    case "data_format": dataFormat(value)
    case "padding" where LayerAxes.isConvolution(className) || LayerAxes.isPooling(className): padding(value)
    case "padding", "cropping": try pairs(value, key)
    case "kernel_size", "strides", "dilation_rate", "pool_size", "size", "output_padding": spatial(key, value)
    case "unit_forget_bias" where value.stringValue != nil:
      Translated(JSON.bool(value == "one"), rule: "lstm-forget-bias")
    case "axis" where value.arrayValue?.count == 1 && className == "BatchNormalization":
      Translated(value[0] ?? value, rule: "bn-axis-list")
    case "interpolation": interpolation(value)
    // tf.keras 2.4 to 2.6 hashed without a key, as asked, but wrote TensorFlow's default key all the same.
    case "salt" where className == "Hashing" && era.dialect < .keras3 && value == [0xdeca_fcaf_fe, 0xdeca_fcaf_fe]:
      Translated(nil, rule: "hashing-default-salt")
    case "keraskit>mode": Translated(value, rule: "bn-mode\(value.intValue ?? 0)")
    default:
      if key.hasSuffix("_initializer") {
        InitializerTranslation.translate(value, dialect: era.dialect)
      } else if key.hasSuffix("_regularizer") {
        try RegularizerTranslation.translate(value, field: key)
      } else if key.hasSuffix("_constraint") {
        ConstraintTranslation.translate(value, axisMap: constraintAxes(key), dialect: era.dialect, version: era.version)
      } else {
        Translated(value)
      }
    }
  }

  private func activation(_ value: JSON) -> Translated {
    var name = value.stringValue
    if value.isNull { return Translated("linear") }
    if name == nil, value["class_name"] == "function" || value["module"] == "builtins" {
      name = value["config"]?.stringValue
    }
    guard let name else { return Translated(value) }
    if name == "hard_sigmoid", era.dialect < .keras3 {
      return Translated("keraskit>hard_sigmoid", rule: "hard-sigmoid-def")
    }
    let aliases = [
      "swish": "silu", "hard_swish": "hard_silu", "softmax_v2": "softmax", "log_softmax_v2": "log_softmax",
      "time_distributed_softmax": "softmax",
    ]
    return Translated(.string(aliases[name] ?? name))
  }

  private func dataFormat(_ value: JSON) -> Translated {
    switch value.stringValue {
    case "th": Translated("channels_first", rule: "dim-ordering")
    case "tf": Translated("channels_last", rule: "dim-ordering")
    case "default": Translated(nil, rule: "default-data-format")
    default: Translated(value)
    }
  }

  private func padding(_ value: JSON) -> Translated {
    switch value {
    case .bool(let ignoreBorder):
      return ignoreBorder
        ? Translated("valid", rule: "pool-ignore-border")
        : Translated("keraskit>ceil", rule: "pool-ignore-border-false")
    // Before Keras 1.1.1 a Conv3D padded (k-1)//2 zeros in front by itself, as TensorFlow does.
    case "same" where era.isTheano && className == "Conv3D" && era.version < KerasVersion(1, 1, 1):
      return Translated(value)
    case "same" where era.isTheano && era.dialect < .keras3:
      return Translated(
        "keraskit>same_theano", rule: LayerAxes.isPooling(className) ? "pool-theano-same" : "same-padding-theano")
    case "full": return Translated("keraskit>full", rule: "border-mode-full")
    default: return Translated(value)
    }
  }

  private func interpolation(_ value: JSON) -> Translated {
    let asymmetric = Releases(since: KerasVersion(2, 2, 3), before: KerasVersion(2, 4), kind: .standalone)
    return value == "bilinear" && asymmetric.contains(era.version)
      ? Translated("keraskit>bilinear_asymmetric", rule: "upsampling-interpolation") : Translated(value)
  }

  /// One number per spatial axis.
  private func spatial(_ key: String, _ value: JSON) -> Translated {
    guard let number = value.intValue, let rank = LayerAxes.spatialRank(of: className), className != "UpSampling1D"
    else {
      return className == "UpSampling1D" ? Translated(value[0] ?? value) : Translated(value)
    }
    return Translated(JSON(Array(repeating: number, count: rank)))
  }

  /// Padding and cropping: `[[before, after], …]`, for one axis `[before, after]`.
  private func pairs(_ value: JSON, _ key: String) throws(ModelError) -> Translated {
    guard LayerAxes.isZeroPadding(className), let rank = LayerAxes.spatialRank(of: className) else {
      return Translated(value)
    }
    func pair(_ before: Int, _ after: Int) -> JSON { JSON([before, after]) }
    var pairs: [JSON] = []
    if let number = value.intValue {
      pairs = Array(repeating: pair(number, number), count: rank)
    } else if case .object(let named) = value {
      let names = rank == 1 ? [("left_pad", "right_pad")] : [("top_pad", "bottom_pad"), ("left_pad", "right_pad")]
      pairs = names.map { pair(named[$0.0]?.intValue ?? 0, named[$0.1]?.intValue ?? 0) }
    } else if let list = value.arrayValue {
      let numbers = list.compactMap(\.intValue)
      switch (numbers.count, rank) {
      // Of four numbers Keras before 1.1.1 looked at two, which were those of both axes.
      case (4, 2) where era.dialect <= .keras1 && era.version < KerasVersion(1, 1, 1):
        pairs = numbers.prefix(2).map { pair($0, $0) }
      case (4, 2): pairs = [pair(numbers[0], numbers[1]), pair(numbers[2], numbers[3])]
      case (2, 1): pairs = [pair(numbers[0], numbers[1])]
      case (1, 1): pairs = [pair(numbers[0], numbers[0])]
      case (rank, _): pairs = numbers.map { pair($0, $0) }
      default: pairs = list
      }
    }
    guard pairs.count == rank else {
      throw ModelError(.invalidField(key, expected: "an amount per side of \(rank) axes", found: value))
    }
    let result = rank == 1 ? pairs[0] : JSON.array(pairs)
    return Translated(result, rule: result == value || era.dialect > .keras1 ? nil : "padding-form")
  }

  /// Where the axes of a constraint lie in the canonical kernel: old axis → new.
  private func constraintAxes(_ key: String) -> [Int: Int]? {
    guard era.dialect <= .keras1, key == "kernel_constraint" else { return nil }
    switch className {
    case "Conv1D":
      return era.version < KerasVersion(1, 1, 0) || era.dialect == .keras0
        ? [0: 2, 1: 1, 2: 0, 3: 0] : [0: 0, 1: 0, 2: 1, 3: 2]
    case "Conv2D" where saved["dim_ordering"] == "th" || saved["dim_ordering"] == nil: return [0: 3, 1: 2, 2: 0, 3: 1]
    case "Conv3D" where saved["dim_ordering"] == "th": return [0: 4, 1: 3, 2: 0, 3: 1, 4: 2]
    default: return nil
    }
  }
}
