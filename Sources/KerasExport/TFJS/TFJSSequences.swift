import KerasCore
import KerasModel
import OrderedCollections

/// Layers of sequences that TensorFlow.js has for images alone: the sequence is an image one pixel wide.
enum TFJSSequences: LayerRewrite {
  private static let images = [
    "UpSampling1D": "UpSampling2D", "Cropping1D": "Cropping2D", "SeparableConv1D": "SeparableConv2D",
    "DepthwiseConv1D": "DepthwiseConv2D", "Conv1DTranspose": "Conv2DTranspose",
  ]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let layer = chain.layer
    guard let className = images[layer.className], layer.string("data_format") ?? "channels_last" == "channels_last",
      layer.string("padding") != "causal", layer.fields["output_padding", default: .null].isNull,
      let input = context.inputShape, input.rank == 3, let channels = input[2],
      let output = context.facts.outputTypes[context.path]?.first?.first?.shape, output.rank >= 3,
      let filters = output[output.rank - 1], var fields = imageFields(layer)
    else { return }
    fields["data_format"] = "channels_last"
    for role in ["kernel", "depthwise_kernel", "pointwise_kernel"] {
      guard let kernel = context.weights[context.prefix + role] else { continue }
      do {
        context.weights[context.prefix + role] = try kernel.reshaped([kernel.shape[0], 1] + kernel.shape.dropFirst())
      } catch {
        throw context.refusal(layer.className, "\(error)")
      }
    }
    // Padding in front has made the sequence longer.
    let length = chain.before.isEmpty ? input[1] : nil
    let name = layer.name
    func reshape(_ suffix: String, _ shape: [Int]) -> LayerConfig {
      LayerConfig(
        "Reshape", name: name + suffix,
        fields: ["trainable": true, "dtype": fields["dtype"] ?? "float32", "target_shape": JSON(shape)])
    }
    chain.before.append(reshape("_as_image", [length ?? -1, 1, channels]))
    chain.after.insert(reshape("_as_sequence", [output[output.rank - 2] ?? -1, filters]), at: 0)
    chain.layer.className = className
    chain.layer.fields = fields
    context.note(.rewritten, "\(layer.className) is a \(className) of images one pixel wide")
  }

  /// The same fields with a second axis of one pixel.
  private static func imageFields(_ layer: LayerConfig) -> OrderedDictionary<String, JSON>? {
    var fields = layer.fields
    switch layer.className {
    case "UpSampling1D":
      guard let size = layer.ints("size", count: 1) else { return nil }
      fields["size"] = JSON([size[0], 1])
      fields["interpolation"] = "nearest"
    case "Cropping1D":
      guard let cropping = layer.ints("cropping", count: 2) else { return nil }
      fields["cropping"] = [JSON(cropping), [0, 0]]
    default:
      guard let kernel = layer.ints("kernel_size", count: 1) else { return nil }
      let strides = layer.ints("strides", count: 1) ?? [1]
      fields["kernel_size"] = JSON([kernel[0], 1])
      // Convolutions of each channel take equal strides only; on one pixel they change nothing.
      fields["strides"] = JSON([strides[0], layer.className == "Conv1DTranspose" ? 1 : strides[0]])
      if let dilation = layer.ints("dilation_rate", count: 1) { fields["dilation_rate"] = JSON([dilation[0], 1]) }
    }
    return fields
  }
}

/// The softmax of TensorFlow.js is one along the last axis whatever `axis` says: the axis is brought there.
enum TFJSSoftmaxAxis: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "Softmax", let rank = context.inputShape?.rank,
      let axis = chain.layer.fields["axis"]?.intValue ?? chain.layer.fields["axis"]?[0]?.intValue
    else { return }
    let place = axis < 0 ? axis + rank : axis
    guard place > 0, place < rank - 1 else { return }
    let (forth, back) = AxisLast.permutes(
      place, rank: rank, name: chain.layer.name, dtype: chain.layer.fields["dtype"] ?? "float32")
    chain.before.append(forth)
    chain.after.insert(back, at: 0)
    chain.layer.fields["axis"] = -1
    context.note(.rewritten, "axis \(axis) is brought to the end: TensorFlow.js has a softmax along the last only")
  }
}

/// Permutes that bring an axis to the end, and back.
enum AxisLast {
  static func permutes(_ axis: Int, rank: Int, name: String, dtype: JSON) -> (forth: LayerConfig, back: LayerConfig) {
    let forth = (1..<rank).filter { $0 != axis } + [axis]
    let back = (1..<rank).map { (forth.firstIndex(of: $0) ?? 0) + 1 }
    func permute(_ suffix: String, _ axes: [Int]) -> LayerConfig {
      LayerConfig(
        "Permute", name: name + suffix, fields: ["trainable": true, "dtype": dtype, "dims": JSON(axes)])
    }
    return (permute("_axis_last", forth), permute("_axis_back", back))
  }
}
