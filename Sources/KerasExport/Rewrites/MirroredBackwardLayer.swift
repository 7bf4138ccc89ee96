import KerasCore

/// Keras 3 writes both layers of a Bidirectional; Keras 2 the backward one only where it is not the forward one's mirror.
enum MirroredBackwardLayer: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "Bidirectional",
      let forward = try chain.layer.inner("layer", path: context.path),
      let backward = try chain.layer.inner("backward_layer", path: context.path),
      forward.className == backward.className, forward.model == nil
    else { return }
    var mirror = forward.fields
    mirror["name"] = backward.fields["name"]
    mirror["go_backwards"] = .bool(forward.fields["go_backwards"] != true)
    guard Set(mirror.keys) == Set(backward.fields.keys), mirror.allSatisfy({ backward.fields[$0] == $1 }) else {
      return
    }
    chain.layer.fields["backward_layer"] = .null
  }
}
