import KerasCore
import KerasFile

/// The language a config is written in, by its form alone.
struct ConfigForm {
  private(set) var dialect = Era.Dialect.keras2
  /// Words of Keras 1 and of Keras 2 that were found; both in Keras 2's legacy layers.
  private var keras1Word: String?
  private var keras2Word: String?

  private static let keras1Keys = [
    "nb_filter", "W_regularizer", "U_regularizer", "b_regularizer", "border_mode", "dim_ordering",
    "inner_activation", "input_dtype", "pool_length", "mode_type",
  ]
  private static let keras2Keys = [
    "kernel_initializer", "kernel_regularizer", "recurrent_initializer", "data_format", "filters",
    "moving_mean_initializer", "embeddings_initializer",
  ]
  private static let keras3Keys = ["batch_shape"]
  /// Fields that tf.keras wrote and standalone Keras 2 did not know.
  private static let tensorFlowKeys = ["ragged", "time_major"]
  /// What shows that tf.keras wrote a config of Keras 2's form.
  private var tensorFlowWord: String?

  /// What only Keras 0.1 and 0.2 wrote.
  private var keras02Word: String?

  private static let keras02Classes: Set<String> = [
    "JZS1", "JZS2", "JZS3", "SimpleDeepRNN", "WordContextProduct",
  ]

  /// A field or class that Keras 0.3 did not write, or the want of one that it always wrote.
  private static func wordOfKeras02(_ object: JSON) -> String? {
    if object["ignore_border"] != nil { return "ignore_border" }
    guard let name = object["name"]?.stringValue, object["cache_enabled"] == nil else { return nil }
    if keras02Classes.contains(name) { return name }
    if ["LSTM", "GRU", "SimpleRNN"].contains(name), object["stateful"] == nil { return "\(name) without stateful" }
    if name == "Convolution2D", object["nb_filter"] != nil, object["dim_ordering"] == nil {
      return "Convolution2D without dim_ordering"
    }
    return nil
  }

  init(_ config: JSON) {
    if config["class_name"] == nil {
      dialect = .keras0
      Self.visit(config) { object in
        if keras02Word == nil { keras02Word = Self.wordOfKeras02(object) }
      }
      return
    }
    var seen = false
    Self.visit(config) { object in
      if keras1Word == nil { keras1Word = Self.keras1Keys.first { object[$0] != nil } }
      if tensorFlowWord == nil { tensorFlowWord = Self.tensorFlowKeys.first { object[$0] != nil } }
      if keras2Word == nil { keras2Word = Self.keras2Keys.first { object[$0] != nil } }
      if seen { return }
      if object["registered_name"] != nil, object["module"] != nil, object["inbound_nodes"]?[0]?["args"] != nil {
        (dialect, seen) = (.keras3, true)
      } else if Self.keras1Keys.contains(where: { object[$0] != nil }) {
        (dialect, seen) = (.keras1, true)
      } else if Self.keras3Keys.contains(where: { object[$0] != nil }) {
        (dialect, seen) = (.keras3, true)
      }
    }
  }

  /// The release whose defaults such a config is given without a stamp.
  var release: KerasVersion {
    if dialect == .keras0, keras02Word != nil { return KerasVersion(0, 2, 0) }
    return dialect == .keras2 && tensorFlowWord != nil ? KerasVersion(2, 5, 0) : dialect.lastRelease
  }

  /// Whether a release of `stated` can have written such a config; doubt is in the stamp's favour.
  func agrees(with stated: Era.Dialect) -> Bool {
    switch stated {
    case .keras0, .keras1: keras2Word == nil || keras1Word != nil
    // Keras 2's legacy layers speak as Keras 1's.
    case .keras2, .keras3: true
    }
  }

  var evidence: String {
    switch dialect {
    case .keras0:
      keras02Word.map { "its config says '\($0)', as Keras 0.1 and 0.2 did" }
        ?? "its objects have no class_name, as Keras 0 wrote them"
    case .keras1: "its config says '\(keras1Word ?? "output_dim")', as Keras 1 did"
    case .keras2:
      tensorFlowWord.map { "its config says '\($0)', as tf.keras did" } ?? keras2Word.map {
        "its config says '\($0)', as Keras 2 did"
      } ?? "its config has the form of Keras 2"
    case .keras3: "its config has the form of Keras 3"
    }
  }

  private static func visit(_ value: JSON, _ body: (JSON) -> Void) {
    switch value {
    case .object(let members):
      body(value)
      for member in members.values { visit(member, body) }
    case .array(let elements):
      for element in elements { visit(element, body) }
    default: break
    }
  }
}

/// What the names of stored arrays tell of the release and the backend that gave them.
struct WeightNames {
  /// The language of the names; `nil` where they fit several.
  private(set) var dialect: Era.Dialect?
  /// TensorFlow's variables end in `:0`; those of Theano, CNTK and Keras 3 do not.
  let isTensorFlow: Bool
  private let example: String

  /// `nil` if there are no arrays by layer.
  init?(_ weights: StoredWeights) {
    guard case .groups(let groups) = weights, let first = groups.lazy.flatMap(\.arrays).first?.name else { return nil }
    isTensorFlow = first.hasSuffix(":0")
    var example = first
    for array in groups.lazy.flatMap(\.arrays) {
      guard let found = Self.dialect(of: array.name) else { continue }
      dialect = found
      example = array.name
      break
    }
    self.example = example
  }

  private static let keras2Roles: Set<String> = [
    "kernel", "bias", "recurrent_kernel", "embeddings", "moving_mean", "moving_variance", "depthwise_kernel",
    "pointwise_kernel",
  ]

  private static func dialect(of name: String) -> Era.Dialect? {
    if name.hasPrefix("param_"), name.dropFirst(6).allSatisfy(\.isNumber) { return .keras0 }
    if keras2Roles.contains(LayerWeights.role(of: name)) { return .keras2 }
    return Keras1Name(name).role != nil ? .keras1 : nil
  }

  var evidence: String? {
    switch dialect {
    case .keras0: "its weights have no names, as in Keras 0"
    case .keras1: "its weights have names like '\(example)', as in Keras 1"
    case .keras2: "its weights have names like '\(example)', as since Keras 2"
    case .keras3, nil: nil
    }
  }
}

/// A variable's name as Keras 1 made it: `dense_1_W`, on TensorFlow `dense_1_W:0`.
struct Keras1Name {
  /// The layer's part, `dense_1`.
  private(set) var layer = ""
  /// The variable's part as written, `W_i`; `nil` if it is none that Keras 1 knew.
  private(set) var role: String?

  private static let roles =
    [
      "running_mean", "running_std", "gamma", "beta", "alphas", "betas", "W_carry", "b_carry", "t_left", "a_left",
      "t_right", "a_right", "depthwise_kernel", "pointwise_kernel", "W", "U", "b",
    ] + ["W", "U", "b"].flatMap { part in ["i", "c", "f", "o", "z", "r", "h"].map { "\(part)_\($0)" } }

  init(_ name: String) {
    let base = name.split(separator: "/").last.map(String.init) ?? name
    var stem = base.split(separator: ":", maxSplits: 1).first.map(String.init) ?? base
    role = Self.role(of: stem)
    // TensorFlow counts variables of the same name: `block1_conv1_W_1:0`.
    if role == nil, let mark = stem.lastIndex(of: "_"), stem[stem.index(after: mark)...].allSatisfy(\.isNumber) {
      stem = String(stem[..<mark])
      role = Self.role(of: stem)
    }
    if let role { layer = String(stem.dropLast(role.count + 1)) }
  }

  private static func role(of stem: String) -> String? {
    roles.filter { stem.hasSuffix("_" + $0) }.max { $0.count < $1.count }
  }

  /// Keras 3's name of the variable in a layer of that class.
  func canonicalRole(in className: String) -> String? {
    switch role {
    case "W": className == "Embedding" ? "embeddings" : "kernel"
    case "U": "recurrent_kernel"
    case "b": "bias"
    case "running_std": "moving_variance"
    case "running_mean": "moving_mean"
    case "alphas": className == "PReLU" ? "alpha" : role
    case "W_carry": "carry_kernel"
    case "b_carry": "carry_bias"
    default: role
    }
  }
}
