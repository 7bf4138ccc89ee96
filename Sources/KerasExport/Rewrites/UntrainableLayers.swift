/// Some layers of Keras 3 take no `trainable`, and do not load with one (3.15.1).
enum UntrainableLayers: LayerRewrite {
  private static let classes: Set<String> = [
    "Discretization", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
  ]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    if classes.contains(chain.layer.className) { chain.layer.fields["trainable"] = nil }
  }
}
