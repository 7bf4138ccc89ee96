import KerasCore
import KerasModel

/// How dropout inside a recurrence draws its masks in tf.keras 2.15; it concerns training only.
enum RecurrentMasks215: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let layer = chain.layer
    let source = (layer.string("keraskit>input_dropout_masks"), layer.string("keraskit>state_dropout_masks"))
    _ = RecurrentDropoutMasks.strip(&chain.layer.fields)
    let (rate, stateRate) = (
      layer.fields["dropout"]?.doubleValue ?? 0, layer.fields["recurrent_dropout"]?.doubleValue ?? 0
    )
    guard ["LSTM", "GRU", "SimpleRNN"].contains(layer.className), rate > 0 || stateRate > 0 else { return }
    let standard = stateRate > 0 && layer.className != "SimpleRNN" ? "per_gate" : "single"
    var saved = chain.layer.fields
    saved["implementation"] = 2
    if saved["recurrent_activation"] == "keraskit>hard_sigmoid" { saved["recurrent_activation"] = "hard_sigmoid" }
    let drawn = RecurrentDropoutHistory.masks(
      className: layer.className, saved: saved, canonical: chain.layer.fields, in: KerasVersion(2, 15))
    guard rate > 0 && drawn.input != source.0 ?? standard || stateRate > 0 && drawn.state != source.1 ?? standard
    else { return }
    context.note(
      .lost,
      "dropout inside the recurrence draws its masks as tf.keras 2.15 does: its own release had another number of them")
  }
}
