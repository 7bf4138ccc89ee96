import KerasCore

/// Options of older releases that make no difference to the layer at hand.
enum OlderDefaults: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    // One statistic for each element of a vector is what Keras 3 has.
    if chain.layer.className == "BatchNormalization", context.inputShape?.rank == 2 {
      chain.layer.fields["keraskit>per_element"] = nil
    }
    if let rate = chain.layer.fields.removeValue(forKey: "keraskit>row_dropout"), rate != 0 {
      context.note(.lost, "in training Keras 1 dropped rows of the table, which Keras 3's Embedding does not")
    }
    for (key, value) in chain.layer.fields where value["class_name"] == "keraskit>RadialConstraint" {
      chain.layer.fields[key] = .null
      context.note(.lost, "in training the kernel was held radial (RadialConstraint), which Keras 3 does not have")
    }
    guard chain.layer.className == "RNN", var cell = chain.layer.fields["cell"]?.objectValue,
      var fields = cell["config"]?.objectValue, fields.removeValue(forKey: "reverse_state_order") == true
    else { return }
    if chain.layer.fields["return_state"] == true || chain.layer.fields["stateful"] == true {
      throw context.refusal("states of stacked cells from the last cell to the first", "Keras 3 lists the first first")
    }
    cell["config"] = .object(fields)
    chain.layer.fields["cell"] = .object(cell)
  }
}
