import KerasCore

/// Options of the oldest releases that make no difference to the layer at hand, for tf.keras 2.15.
enum SharedDefaults: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    // One statistic for each element of a vector is what every release has.
    if chain.layer.className == "BatchNormalization", context.inputShape?.rank == 2 {
      chain.layer.fields["keraskit>per_element"] = nil
    }
    if let rate = chain.layer.fields.removeValue(forKey: "keraskit>row_dropout"), rate != 0 {
      context.note(.lost, "in training Keras 1 dropped rows of the table, which tf.keras' Embedding does not")
    }
  }
}
