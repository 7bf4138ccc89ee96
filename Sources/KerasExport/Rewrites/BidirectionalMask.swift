import KerasCore
import KerasModel

/// Keras 1 to 2.3.1 carried a Bidirectional's outputs through masked steps; tf.keras and Keras 3 put zeros there.
///
/// Both force `zero_output_for_mask` on its layers, Keras 3 (`bidirectional.py`, 3.15) only where it is not null: so it is
/// null. tf.keras 2.15 makes the forward layer anew, without a null, so there the two layers stand in a small model.
enum BidirectionalMask: LayerRewrite {
  private static let key = "zero_output_for_mask"

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "Bidirectional", carries(chain.layer.fields["layer"]) else { return }
    let isMasked = !context.isWrapped && context.facts.masked.contains(context.path)
    if context.target.isKeras3 {
      for field in ["layer", "backward_layer"] where carries(chain.layer.fields[field]) {
        chain.layer.fields[field]?["config"]?[key] = .null
      }
      if isMasked {
        context.note(
          .rewritten, "masked steps keep the last output: zero_output_for_mask is null, which Keras 3 does not set")
      }
    } else if isMasked {
      try splitDirections(&chain, &context)
      context.note(
        .rewritten, "masked steps keep the last output: the two directions are layers of a small model, apart")
    }
  }

  private static func carries(_ layer: JSON?) -> Bool {
    layer?["config"]?["return_sequences"] == true && layer?["config"]?[key] == false
  }

  /// The forward layer, the backward one with its sequence reversed, and the layer that merges them.
  private static func splitDirections(_ chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let layer = chain.layer
    guard var forward = try layer.inner("layer", path: context.path),
      let mode = layer.string("merge_mode"), let merging = merges[mode],
      let shape = context.facts.inputShapes[context.path]?.first, forward.fields["keraskit>time_major"] != true,
      layer.nodes.allSatisfy({ $0.references.count == 1 })
    else {
      throw context.refusal(
        "a masked Bidirectional with merge_mode \((layer.fields["merge_mode"] ?? .null).text()) or given states",
        "\(context.target.name) puts zeros at masked steps, where its release kept the last output")
    }
    var backward = try layer.inner("backward_layer", path: context.path) ?? mirrored(forward)
    if !forward.name.hasPrefix("forward_") { forward.name = "forward_" + forward.name }
    if !backward.name.hasPrefix("backward_") { backward.name = "backward_" + backward.name }
    let dtype = layer.fields["dtype"] ?? "float32"
    let input = LayerConfig(
      "InputLayer", name: layer.name + "_input",
      fields: [
        "batch_shape": JSON(Shape([context.hasFixedBatch ? shape[0] : nil] + shape.dimensions.dropFirst())),
        "dtype": "float32", "sparse": false, "ragged": false,
      ])
    for (name, holder) in [(forward.name, "forward_layer/"), (backward.name, "backward_layer/")] {
      context.rename(context.prefix + holder, to: "\(context.prefix)\(name)/")
    }
    forward.nodes = [CallNode(args: [.tensor(TensorReference(input.name))])]
    backward.nodes = forward.nodes
    var reversed = LayerConfig("Flip", name: layer.name + "_reversed", fields: ["axis": [1]])
    reversed.module = "keras.src.ops.numpy"
    reversed.nodes = [CallNode(args: [.tensor(TensorReference(backward.name))])]
    var merged = LayerConfig(merging, name: layer.name + "_merged", fields: ["trainable": true, "dtype": dtype])
    // 2.15's own rule, by which the reversed tensor, which lost its mask, does not count.
    merged.fields["keraskit>mask"] = "all"
    if merging == "Concatenate" { merged.fields["axis"] = -1 }
    merged.nodes = [
      CallNode(args: [[.tensor(TensorReference(forward.name)), .tensor(TensorReference(reversed.name))]])
    ]
    var outputs = [TensorReference(merged.name)]
    if forward.fields["return_state"] == true {
      let states = forward.className.hasSuffix("LSTM") || forward.className.hasPrefix("ConvLSTM") ? 2 : 1
      for name in [forward.name, backward.name] {
        outputs += (1...states).map { TensorReference(name, 0, $0) }
      }
    }
    var model = ModelConfig(
      functional: layer.name, layers: [input, forward, backward, reversed, merged],
      inputs: [TensorReference(input.name)], outputs: outputs)
    model.layers = LayerOrder.sorted(model)
    chain.layer = LayerConfig("Functional", name: layer.name)
    chain.layer.nodes = layer.nodes
    chain.layer.model = model
  }

  private static func mirrored(_ forward: LayerConfig) -> LayerConfig {
    var backward = forward
    backward.fields["go_backwards"] = .bool(forward.fields["go_backwards"] != true)
    return backward
  }

  private static let merges = ["concat": "Concatenate", "sum": "Add", "mul": "Multiply", "ave": "Average"]
}
