import KerasCore

/// The cells an RNN runs, alone or stacked: their old hard_sigmoid is Keras 3's with other weights, as in LSTM and GRU.
enum RecurrentCells: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "RNN", var cell = try chain.layer.inner("cell", path: context.path) else { return }
    if cell.className == "StackedRNNCells" {
      var cells: [JSON] = []
      var counts: [String: Int] = [:]
      for json in cell.fields["cells"]?.arrayValue ?? [] {
        let inner = try LayerConfig(json, path: context.path)
        let base = ObjectPaths.snakeCase(inner.className)
        let number = counts[base, default: 0]
        counts[base] = number + 1
        let holder = "cell/cells/" + (number == 0 ? base : "\(base)_\(number)") + "/"
        cells.append(try rewritten(inner, holder: holder, &context).json)
      }
      cell.fields["cells"] = .array(cells)
      // tf.keras' own field, which Keras 3 refuses whatever it says.
      if cell.fields["reverse_state_order"] == false { cell.fields["reverse_state_order"] = nil }
      let units = Set(cells.compactMap { $0["config"]?["units"] })
      if !context.target.isKeras3, cell.fields["reverse_state_order"] == true, units.count > 1 {
        throw context.refusal(
          "the reversed states of stacked cells",
          "\(context.target.name) gives each cell another's state, whose size is not its own")
      }
    } else {
      cell = try rewritten(cell, holder: "cell/", &context)
    }
    chain.layer.fields["cell"] = cell.json
  }

  private static func rewritten(
    _ cell: LayerConfig, holder: String, _ context: inout RewriteContext
  ) throws(ExportError) -> LayerConfig {
    let prefix = context.prefix
    context.prefix += holder
    defer { context.prefix = prefix }
    var chain = LayerChain(cell)
    try HardSigmoid.apply(to: &chain, &context)
    return chain.layer
  }
}
