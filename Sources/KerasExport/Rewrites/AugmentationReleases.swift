import KerasCore

/// What random image layers of earlier releases did otherwise in training only; Keras 3 trains them in its own way.
enum AugmentationReleases: LayerRewrite {
  private static let notes = [
    "keraskit>separate_axes": "each axis was flipped with a chance of its own; since Keras 3.6 it is both or none",
    "keraskit>per_batch": "one contrast was drawn for a batch; since Keras 3.6 it is one for each image",
    "keraskit>unclipped": "tf.keras before 2.9 did not cut off contrasted pixels, Keras 3 cuts at 0 and 255",
    "keraskit>per_sample": "Keras 2.10 and 2.11 cropped each image at its own place, Keras 3 a batch at one",
  ]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    for (flag, text) in notes.sorted(by: { $0.key < $1.key }) {
      guard chain.layer.fields.removeValue(forKey: flag) == true else { continue }
      context.note(.lost, "in training \(text)")
    }
  }
}
