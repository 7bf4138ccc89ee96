import KerasCore

/// A convolution of channels first whose bias Keras 3 on TensorFlow would add along the wrong axis.
///
/// `keras.ops.add` takes a vector for a bias of the last axis wherever that is as long (`backend/tensorflow/numpy.py` of 3.15;
/// measured: wrong outputs of a Conv2D with 32 filters on images 32 pixels wide). So the convolution runs channels last.
enum ChannelsFirstBias: LayerRewrite {
  private static let ranks = [
    "Conv1D": 1, "Conv2D": 2, "Conv3D": 3, "Conv1DTranspose": 1, "Conv2DTranspose": 2, "Conv3DTranspose": 3,
    "SeparableConv1D": 1, "SeparableConv2D": 2, "DepthwiseConv1D": 1, "DepthwiseConv2D": 2,
  ]
  /// Activations along the last axis.
  private static let alongAxis: Set<String> = ["softmax", "log_softmax", "sparsemax", "glu"]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard let rank = ranks[chain.layer.className], chain.layer.string("data_format") == "channels_first",
      chain.layer.fields["use_bias"] != false, let calls = context.facts.outputTypes[context.path]
    else { return }
    let isMistaken = calls.contains { outputs in
      guard let shape = outputs.first?.shape, shape.rank >= rank + 2 else { return false }
      guard let width = shape[shape.rank - 1] else { return true }
      return width == shape[shape.rank - 1 - rank]
    }
    guard isMistaken else { return }
    let (name, dtype) = (chain.layer.name, chain.layer.fields["dtype"] ?? "float32")
    func permute(_ suffix: String, _ axes: [Int]) -> LayerConfig {
      LayerConfig("Permute", name: name + suffix, fields: ["trainable": true, "dtype": dtype, "dims": JSON(axes)])
    }
    var after = [permute("_channels_first", [rank + 1] + (1...rank))]
    if let activation = chain.layer.string("activation"), alongAxis.contains(activation) {
      chain.layer.fields["activation"] = "linear"
      after.append(
        LayerConfig(
          "Activation", name: name + "_activation",
          fields: ["trainable": true, "dtype": dtype, "activation": .string(activation)]))
    }
    chain.before.append(permute("_channels_last", Array(2...(rank + 1)) + [1]))
    chain.after.insert(contentsOf: after, at: 0)
    chain.layer.fields["data_format"] = "channels_last"
    context.note(
      .rewritten,
      "the convolution runs channels last, between two Permutes: Keras 3 on TensorFlow adds a bias along the last axis where "
        + "that is as long as there are channels")
  }
}
