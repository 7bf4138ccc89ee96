import KerasCore

/// Theano's `same` and `full` padding of convolutions, as a ZeroPadding layer before a `valid` convolution.
///
/// Theano pads k//2 on both sides (k: the dilated kernel) and crops to ⌈n/s⌉, which is k//2 at the start and k − 1 − k//2 at
/// the end for every length and stride; `full` pads k − 1 on both sides.
enum ConvolutionPadding: LayerRewrite {
  private static let ranks = [
    "Conv1D": 1, "Conv2D": 2, "Conv3D": 3, "SeparableConv1D": 1, "SeparableConv2D": 2, "DepthwiseConv1D": 1,
    "DepthwiseConv2D": 2,
  ]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let layer = chain.layer
    guard let rank = ranks[layer.className], let padding = layer.string("padding"), padding.hasPrefix("keraskit>")
    else {
      return
    }
    guard let kernel = layer.ints("kernel_size", count: rank) else {
      throw ExportError(.malformed("the kernel_size is missing"), layer: context.path)
    }
    let dilation = layer.ints("dilation_rate", count: rank) ?? Array(repeating: 1, count: rank)
    var pads: [[Int]] = []
    for axis in 0..<rank {
      let span = (kernel[axis] - 1) * dilation[axis]
      switch padding {
      case "keraskit>same_theano": pads.append([(span + 1) / 2, span - (span + 1) / 2])
      case "keraskit>full": pads.append([span, span])
      default: return
      }
    }
    chain.layer.fields["padding"] = "valid"
    if pads.contains(where: { $0 != [0, 0] }) {
      chain.before.append(ZeroPadding.layer(chain.layer, pads: pads))
    }
    context.note(
      .rewritten,
      "the \(padding == "keraskit>full" ? "full" : "Theano") padding is a ZeroPadding\(rank)D before a valid convolution"
    )
  }
}

/// ZeroPadding layers before a layer that pads no more.
enum ZeroPadding {
  static func layer(_ layer: LayerConfig, pads: [[Int]]) -> LayerConfig {
    let padding: JSON = pads.count == 1 ? JSON(pads[0]) : .array(pads.map { JSON($0) })
    return LayerConfig(
      "ZeroPadding\(pads.count)D", name: layer.name + "_padding",
      fields: [
        "trainable": true, "dtype": layer.fields["dtype"] ?? "float32", "padding": padding,
        "data_format": layer.fields["data_format"] ?? "channels_last",
      ])
  }
}
