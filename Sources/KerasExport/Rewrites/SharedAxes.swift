import KerasCore

/// Keras 1 did not save `shared_axes` of a PReLU: the stored weight's shape tells them.
enum SharedAxes: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.fields.removeValue(forKey: "keraskit>shared_axes_from_weights") == true else { return }
    guard let alpha = context.weights[context.prefix + "alpha"] else {
      throw context.refusal("PReLU without weights", "its shared axes are known only from the shape of alpha")
    }
    guard let shape = context.inputShape, shape.rank == alpha.shape.count + 1 else { return }
    let shared = alpha.shape.indices.filter { alpha.shape[$0] == 1 && shape[$0 + 1] != 1 }.map { $0 + 1 }
    chain.layer.fields["shared_axes"] = shared.isEmpty ? .null : JSON(shared)
  }
}
