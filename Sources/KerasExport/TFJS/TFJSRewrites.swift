import KerasCore
import KerasModel

/// Layers that TensorFlow.js lacks and that pass their input on in prediction.
enum TFJSIdentity: LayerRewrite {
  private static let classes: Set<String> = [
    "ActivityRegularization", "Identity", "SpatialDropout2D", "SpatialDropout3D", "RandomBrightness", "RandomContrast",
    "RandomFlip", "RandomHeight", "RandomRotation", "RandomTranslation", "RandomZoom",
  ]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    for index in chain.before.indices { replace(&chain.before[index], &context) }
    replace(&chain.layer, &context)
    for index in chain.after.indices { replace(&chain.after[index], &context) }
  }

  private static func replace(_ layer: inout LayerConfig, _ context: inout RewriteContext) {
    // Its Flatten refuses what is flat already.
    let isFlat = layer.className == "Flatten" && context.inputShape.map { $0.rank == 2 } == true
    guard layer.model == nil, classes.contains(layer.className) || isFlat else { return }
    if layer.className != "Identity", !isFlat {
      context.note(.lost, "what \(layer.className) does in training: TensorFlow.js has no such layer")
    }
    let nodes = layer.nodes
    layer = LayerConfig(
      "Activation", name: layer.name,
      fields: ["trainable": true, "dtype": layer.fields["dtype"] ?? "float32", "activation": "linear"])
    layer.nodes = nodes
  }
}

/// Recurrent layers that keep their states between calls and cannot in TensorFlow.js.
///
/// It forgets the batch size of a layer that is given states and fails (`recurrent.ts`, `RNN.apply`), and runs a layer once
/// for each of its outputs that is taken (`executor.ts`; measured in 1.3.1 and 2.3.0), each time from the states it left.
enum TFJSStatefulStates: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.fields["stateful"] == true else { return }
    if !chain.layer.nodes.isEmpty, chain.layer.nodes.allSatisfy({ $0.references.count > 1 }) {
      chain.layer.fields["stateful"] = false
      context.note(.rewritten, "it is not stateful: every call is given its states")
    } else if chain.layer.fields["return_state"] == true {
      chain.layer.fields["stateful"] = false
      context.note(
        .lost,
        "the states kept between calls: TensorFlow.js would run a layer that returns them several times in one call")
    }
  }
}

/// A difference as a small model: the sum of the first and the negated second.
enum TFJSSubtraction: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "Subtract", !context.isWrapped, !context.facts.maskSensitive.contains(context.path),
      let shapes = context.facts.inputShapes[context.path], shapes.count == 2
    else { return }
    let dtype = chain.layer.fields["dtype"] ?? "float32"
    var layers: [LayerConfig] = []
    for (name, shape) in zip(["minuend", "subtrahend"], shapes) {
      layers.append(
        LayerConfig(
          "InputLayer", name: "\(chain.layer.name)_\(name)",
          fields: [
            "batch_shape": JSON(Shape([nil] + shape.dimensions.dropFirst())), "dtype": dtype, "sparse": false,
            "ragged": false, "optional": false,
          ]))
    }
    var negated = LayerConfig(
      "Rescaling", name: chain.layer.name + "_negated",
      fields: ["trainable": true, "dtype": dtype, "scale": -1.0, "offset": 0.0])
    negated.nodes = [CallNode(args: [.tensor(TensorReference(layers[1].name))])]
    var sum = LayerConfig("Add", name: chain.layer.name + "_sum", fields: ["trainable": true, "dtype": dtype])
    sum.nodes = [
      CallNode(args: [[.tensor(TensorReference(layers[0].name)), .tensor(TensorReference(negated.name))]])
    ]
    let inputs = layers.map { TensorReference($0.name) }
    var model = ModelConfig(
      functional: chain.layer.name, layers: layers + [negated, sum], inputs: inputs,
      outputs: [TensorReference(sum.name)])
    model.layers = LayerOrder.sorted(model)
    let nodes = chain.layer.nodes
    chain.layer = LayerConfig("Functional", name: chain.layer.name)
    chain.layer.nodes = nodes
    chain.layer.model = model
    context.note(.rewritten, "Subtract is a small model that adds the negated second input")
  }
}

/// Padding of sequences as padding of images one pixel wide.
enum TFJSPadding: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard let shape = context.inputShape, shape.rank == 3, let steps = shape[1], let channels = shape[2] else { return }
    if chain.layer.className == "ZeroPadding1D", chain.before.isEmpty,
      let parts = layers(for: chain.layer, steps, channels)
    {
      chain.before = [parts[0]]
      chain.layer.className = parts[1].className
      chain.layer.fields = parts[1].fields
      chain.after.insert(parts[2], at: 0)
    } else if chain.before.first?.className == "ZeroPadding1D",
      let parts = layers(for: chain.before[0], steps, channels)
    {
      chain.before.replaceSubrange(0...0, with: parts)
    } else {
      return
    }
    context.note(.rewritten, "padding of the sequence is a ZeroPadding2D of images one pixel wide")
  }

  private static func layers(for padding: LayerConfig, _ steps: Int, _ channels: Int) -> [LayerConfig]? {
    guard let pads = padding.ints("padding", count: 2) else { return nil }
    let dtype = padding.fields["dtype"] ?? "float32"
    func reshape(_ suffix: String, _ shape: [Int]) -> LayerConfig {
      LayerConfig(
        "Reshape", name: padding.name + suffix,
        fields: ["trainable": true, "dtype": dtype, "target_shape": JSON(shape)])
    }
    let padded = LayerConfig(
      "ZeroPadding2D", name: padding.name,
      fields: [
        "trainable": true, "dtype": dtype, "padding": [JSON(pads), [0, 0]], "data_format": "channels_last",
      ])
    return [
      reshape("_image", [steps, 1, channels]), padded, reshape("_sequence", [steps + pads[0] + pads[1], channels]),
    ]
  }
}
