import KerasCore

/// Weight regularizers of layers that are not trainable: every release before Keras 3 counts them, Keras 3 does not.
///
/// They are a constant of the loss, so training goes on as before; only its number is another.
enum FrozenPenalty: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let (source, target) = (context.semantics, context.target.semantics)
    guard source.penalizesFrozenWeights != target.penalizesFrozenWeights, chain.layer.fields["trainable"] == false
    else { return }
    let names = chain.layer.fields.keys.filter { name in
      name.hasSuffix("_regularizer") && name != "activity_regularizer" && chain.layer.fields[name]?.isNull == false
    }
    guard !names.isEmpty else { return }
    let penalties = names.sorted().joined(separator: ", ")
    context.note(
      .lost,
      target.penalizesFrozenWeights
        ? "\(penalties): \(context.target.name) counts them although the layer is not trainable, \(source.name) did not; "
          + "the loss is larger by a number that training does not change"
        : "\(penalties): \(context.target.name) counts none of layers that are not trainable, \(source.name) did; "
          + "the loss is smaller by a number that training does not change")
  }
}
