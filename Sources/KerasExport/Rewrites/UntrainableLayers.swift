/// Layers whose constructor in Keras 3 refuses the field `trainable`.
enum UntrainableLayers: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    if chain.layer.className == "Discretization" { chain.layer.fields["trainable"] = nil }
  }
}
