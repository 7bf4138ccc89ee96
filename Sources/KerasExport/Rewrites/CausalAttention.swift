import KerasCore

/// Attention with a field `causal`, as tf.keras had before 2.10; Keras 3 has an argument of the call.
enum CausalAttention: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard ["Attention", "AdditiveAttention"].contains(chain.layer.className),
      chain.layer.fields.removeValue(forKey: "keraskit>causal") == true
    else { return }
    for index in chain.layer.nodes.indices { chain.layer.nodes[index].kwargs["use_causal_mask"] = true }
    context.note(.rewritten, "the field 'causal' is Keras 3's argument use_causal_mask")
  }
}
