import KerasCore

/// Keras 0.1 and 0.2 multiplied by 1 − rate at inference; their training mask is Keras 3's times that same factor.
enum DropoutScale: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.fields.removeValue(forKey: "keraskit>dropout_scale") == true else { return }
    let rate = chain.layer.fields["rate"]?.doubleValue ?? 0
    chain.after.insert(
      LayerConfig(
        "Rescaling", name: chain.layer.name + "_rescaling",
        fields: ["trainable": true, "dtype": "float32", "scale": .number(1 - rate), "offset": 0.0]), at: 0)
    context.note(.rewritten, "dropout of Keras 0.1 and 0.2 is Keras 3's with a Rescaling by 1 − rate after it")
  }
}
