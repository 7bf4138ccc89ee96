import KerasCore

/// What random image layers of other releases do otherwise than those of tf.keras 2.15.
///
/// All of it concerns training only, but for RandomCrop, which resizes at inference up to Keras 3.5.
enum Augmentation215: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let fields = chain.layer.fields
    switch chain.layer.className {
    case "RandomFlip" where fields["keraskit>separate_axes"] == nil && fields["mode"] == "horizontal_and_vertical":
      context.note(
        .lost, "in training both axes were flipped or none; tf.keras 2.15 flips each with a chance of its own")
    case "RandomContrast":
      if chain.layer.fields.removeValue(forKey: "keraskit>unclipped") == true {
        context.note(.lost, "in training contrasted pixels were not cut off, tf.keras 2.15 cuts at 0 and 255")
      }
      if fields["keraskit>per_batch"] == nil {
        context.note(.lost, "in training each image had a contrast of its own; tf.keras 2.15 draws one for a batch")
      }
    case "RandomCrop":
      if chain.layer.fields.removeValue(forKey: "keraskit>per_sample") == true {
        context.note(.lost, "in training each image was cropped at its own place, tf.keras 2.15 crops a batch at one")
      }
      guard fields["keraskit>resizes"] == true else {
        throw context.refusal("RandomCrop", "at inference Keras since 3.6 crops the centre and tf.keras 2.15 resizes")
      }
    default: break
    }
  }
}
