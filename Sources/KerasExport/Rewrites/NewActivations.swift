import KerasCore

/// Activations that came with Keras 3, as layers of tf.keras 2.15 after the layer that has them.
enum NewActivations: LayerRewrite {
  private static let renamed: [String: JSON] = ["celu": "elu", "hard_swish": "hard_silu"]
  private static let missing: Set<String> = [
    "glu", "hard_shrink", "hard_silu", "soft_shrink", "sparse_plus", "sparsemax", "squareplus", "tanh_shrink",
    "threshold", "hard_tanh", "log_sigmoid", "sparse_sigmoid",
  ]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    for field in ["activation", "recurrent_activation"] {
      if let name = chain.layer.string(field), let other = renamed[name] { chain.layer.fields[field] = other }
    }
    if let name = chain.layer.string("recurrent_activation"), missing.contains(name) {
      throw context.refusal("the recurrent activation '\(name)'", "\(context.target.name) does not have it")
    }
    guard let name = chain.layer.string("activation"), missing.contains(name) else { return }
    let isInLoop = chain.layer.fields["recurrent_activation"] != nil || chain.layer.className.hasPrefix("SimpleRNN")
    guard !isInLoop, let steps = steps(name, chain.layer) else {
      throw context.refusal("the activation '\(name)'", "\(context.target.name) does not have it")
    }
    chain.layer.fields["activation"] = "linear"
    var after = steps
    if let regularizer = chain.layer.fields["activity_regularizer"], !regularizer.isNull {
      chain.layer.fields["activity_regularizer"] = .null
      let (l1, l2) = try Penalty.factors(regularizer, context)
      after.append(Penalty.layer(chain.layer.name + "_activity", l1: l1, l2: l2))
    }
    chain.after = after + chain.after
    context.note(
      .rewritten, "the activation '\(name)' is \(steps.map(\.className).joined(separator: ", ")) after the layer")
  }

  /// The function as layers; `nil` where none compute it.
  private static func steps(_ name: String, _ layer: LayerConfig) -> [LayerConfig]? {
    let dtype = layer.fields["dtype"] ?? "float32"
    func make(_ className: String, _ suffix: String, _ fields: KeyValuePairs<String, JSON>) -> LayerConfig {
      var config = LayerConfig(
        className, name: "\(layer.name)_\(suffix)", fields: ["trainable": true, "dtype": dtype])
      for (key, value) in fields { config.fields[key] = value }
      return config
    }
    switch name {
    case "hard_tanh":
      return [
        make("Rescaling", "shift", ["scale": 1.0, "offset": 1.0]),
        make("ReLU", "clip", ["max_value": 2.0, "negative_slope": 0.0, "threshold": 0.0]),
        make("Rescaling", "unshift", ["scale": 1.0, "offset": -1.0]),
      ]
    case "log_sigmoid":
      return [
        make("Rescaling", "negated", ["scale": -1.0, "offset": 0.0]),
        make("Activation", "softplus", ["activation": "softplus"]),
        make("Rescaling", "log_sigmoid", ["scale": -1.0, "offset": 0.0]),
      ]
    case "sparse_sigmoid":
      // clip(0.5x + 0.5, 0, 1) is clip(0.2 · 2.5x + 0.5, 0, 1).
      return [
        make("Rescaling", "rescaling", ["scale": 2.5, "offset": 0.0]),
        make("Activation", "hard_sigmoid", ["activation": "keraskit>hard_sigmoid"]),
      ]
    default: return nil
    }
  }
}
