import KerasCore
import KerasModel

/// tf.keras 2.15 finds no SpectralNormalization as it loads HDF5 or JSON, not even in its own files: the layer inside stands
/// alone.
///
/// Both compute the same in prediction; in training the wrapper divides the kernel by its largest singular value.
enum SpectralNormalization215: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "SpectralNormalization",
      var inner = try chain.layer.inner("layer", path: context.path), inner.model == nil
    else { return }
    context.rename(context.prefix + "layer/", to: context.prefix)
    inner.name = chain.layer.name
    inner.nodes = chain.layer.nodes
    chain.layer = inner
    context.note(
      .lost, "the normalisation of weights in training: \(context.target.name) does not load SpectralNormalization")
  }
}
