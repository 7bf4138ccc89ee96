import KerasCore

/// Custom activation functions that public files name, and what they compute.
///
/// A function of Keras of the name always wins, and a user's mapping over both.
enum KnownActivations {
  private static let hardSwish = "x * K.relu(x + 3, max_value=6) / 6"
  private static let exactGelu = "0.5 * x * (1 + tf.math.erf(x / 2 ** 0.5))"
  private static let tanhGelu = "0.5 * x * (1 + K.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x ** 3)))"

  /// The projection on the simplex along the last axis.
  static let sparsemax = """
    z = tf.sort(x, axis=-1, direction='DESCENDING'); r = K.cast(K.arange(1, x.shape[-1] + 1), 'float32');
    on = K.cast(1.0 + r * z > K.cumsum(z, axis=-1), 'float32');
    K.relu(x - (K.sum(z * on, axis=-1, keepdims=True) - 1.0) / K.sum(on, axis=-1, keepdims=True))
    """

  private static let rows: [(names: [String], target: String)] = [
    (["relu_6", "Relu6", "ReLU6", "relu6_layer"], "relu6"),
    (["Swish", "swish_activation", "swish_act", "custom_swish", "swish1", "SiLU", "my_swish"], "silu"),
    // MobileNetV3.
    (["hswish", "h_swish", "Hswish", "HSwish", "hard_swish_act", "HardSwish", "hardswish"], hardSwish),
    (
      ["hsigmoid", "h_sigmoid", "Hsigmoid", "HardSigmoid", "hardsigmoid", "relu6_sigmoid"],
      "K.relu(x + 3, max_value=6) / 6"
    ),
    (["Mish", "mish_activation", "Addons>mish", "mish_act"], "mish"),
    // keras-bert and google-research/bert; bert4keras has both.
    (["gelu_erf", "gelu_exact"], exactGelu),
    (["gelu_tanh", "gelu_approx", "gelu_new", "gelu_fast"], tanhGelu),
    // tensorflow-addons 0.23, activations.
    (["Addons>gelu"], tanhGelu),
    (["Addons>hardshrink"], "hard_shrink"), (["Addons>softshrink"], "soft_shrink"),
    (["Addons>tanhshrink"], "tanh_shrink"), (["Addons>sparsemax"], sparsemax),
    (["Addons>lisht", "lisht"], "x * K.tanh(x)"), (["Addons>snake"], "x + K.square(K.sin(x))"),
    (["Addons>rrelu"], "K.relu(x) - K.relu(-x) * (0.125 + 0.3333333333333333) / 2"),
    (["bipolar_sigmoid"], "2 / (1 + K.exp(-x)) - 1"),
  ]

  /// The activation as a config writes it; `nil` for a function that is not known, and for those of Keras.
  static func replacement(for function: String) -> JSON? {
    guard !ActivationFunction.knows(function), let row = rows.first(where: { $0.names.contains(function) }),
      let mapping = try? ObjectMapping(name: function, target: row.target)
    else { return nil }
    return mapping.activation(named: function.components(after: ">"))
  }
}
