import KerasCore

/// Keras 1's cosine merge of two matrices is a normalised Dot, with an axis added.
enum CosineMerge: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "keraskit>MergeCos" else { return }
    guard context.inputShape?.rank == 2 else {
      throw context.refusal(
        "the merge mode 'cos' of Keras 1",
        "for inputs of more than two dimensions it divides elementwise, which no layer of \(context.target.name) does")
    }
    let extraAxis = chain.layer.fields["extra_axis"]?.boolValue ?? false
    let axes = chain.layer.fields["axes"] ?? 1
    chain.layer.className = "Dot"
    chain.layer.fields = [
      "trainable": chain.layer.fields["trainable"] ?? true, "dtype": chain.layer.fields["dtype"] ?? "float32",
      "axes": axes, "normalize": true,
    ]
    if extraAxis {
      chain.after.insert(
        LayerConfig(
          "Reshape", name: chain.layer.name + "_axis",
          fields: ["trainable": true, "dtype": "float32", "target_shape": [1, 1]]), at: 0)
    }
    context.note(.rewritten, "the merge mode 'cos' is a normalised Dot; it differs only where a vector is zero")
  }
}
