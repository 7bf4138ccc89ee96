import KerasCore
import OrderedCollections

/// The layers of QKeras 0.9 (qlayers.py, qconvolutional.py, qnormalization.py): Keras' own with quantizers.
enum QKerasClasses {
  /// The class of Keras, and the variable that each quantizer of the config is for.
  private static let rows: [String: (className: String, roles: [(field: String, role: String)])] = [
    "QDense": ("Dense", convolution), "QConv1D": ("Conv1D", convolution), "QConv2D": ("Conv2D", convolution),
    "QConv2DTranspose": ("Conv2DTranspose", convolution),
    "QDepthwiseConv2D": (
      "DepthwiseConv2D", [("depthwise_quantizer", "kernel"), ("bias_quantizer", "bias")]
    ),
    "QSeparableConv1D": ("SeparableConv1D", separable), "QSeparableConv2D": ("SeparableConv2D", separable),
    "QBatchNormalization": (
      "BatchNormalization",
      [
        ("gamma_quantizer", "gamma"), ("beta_quantizer", "beta"), ("mean_quantizer", "moving_mean"),
        ("variance_quantizer", "moving_variance"),
      ]
    ),
  ]
  private static let convolution = [("kernel_quantizer", "kernel"), ("bias_quantizer", "bias")]
  private static let separable = [
    ("depthwise_quantizer", "depthwise_kernel"), ("pointwise_quantizer", "pointwise_kernel"),
    ("bias_quantizer", "bias"),
  ]
  private static let ranges: Set<String> = [
    "kernel_range", "bias_range", "depthwise_range", "pointwise_range", "gamma_range", "beta_range",
  ]

  /// The layer of this program for one of QKeras'; `nil` for other classes.
  static func replacement(for saved: SavedLayer) -> SavedLayer? {
    let name = saved.className.components(after: ">")
    var result = saved
    if name == "QActivation", let activation = saved.fields["activation"] {
      result.className = QuantizerLayer.className
      result.fields["activation"] = nil
      result.fields["quantizer"] = activation
      return result
    }
    guard let row = rows[name] else { return nil }
    var inner = saved.fields
    var quantizers: OrderedDictionary<String, JSON> = [:]
    for (field, role) in row.roles {
      if let value = saved.fields[field], !value.isNull { quantizers[role] = value }
      inner[field] = nil
    }
    inner = inner.filter { !ranges.contains($0.key) && !($0.key.hasSuffix("_quantizer")) }
    result.className = QuantizedLayer.className
    result.fields = saved.fields.filter { ObjectMapping.common.contains($0.key) }
    if let activation = saved.fields["activation"], !activation.isNull, isQuantizer(activation) {
      inner["activation"] = "linear"
      result.fields["activation_quantizer"] = activation
    }
    result.fields["layer"] = ["class_name": .string(row.className), "config": .object(inner)]
    result.fields["quantizers"] = .object(quantizers)
    return result
  }

  private static func isQuantizer(_ activation: JSON) -> Bool {
    let name = activation["class_name"]?.stringValue ?? activation.stringValue ?? ""
    let bare = name.split(separator: "(").first.map(String.init) ?? name
    return name.contains("(") || Quantizer.knows(bare) && bare != "hard_sigmoid"
  }
}
