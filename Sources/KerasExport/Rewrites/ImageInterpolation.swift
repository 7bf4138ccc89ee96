import KerasCore

/// Ways to resize images that tf.keras had and Keras 3 has not.
enum ImageInterpolation: LayerRewrite {
  private static let removed = ["gaussian", "mitchellcubic"]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard ["Resizing", "UpSampling2D"].contains(chain.layer.className),
      let method = chain.layer.fields["interpolation"]?.stringValue, removed.contains(method)
    else { return }
    throw context.refusal(
      "the interpolation '\(method)'", "Keras 3 knows bilinear, nearest, bicubic, lanczos3, lanczos5 and area")
  }
}
