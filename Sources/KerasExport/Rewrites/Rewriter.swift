import KerasCore
import KerasModel

/// Applies all rewrites to a model, nested models and wrapped layers included.
struct Rewriter {
  var context: RewriteContext

  mutating func rewrite(_ model: inout ModelConfig, path: String = "") throws(ExportError) {
    model.fields["dtype"] = nil
    var index = 0
    while index < model.layers.count {
      let layer = model.layers[index]
      let layerPath = path.isEmpty ? layer.name : "\(path)/\(layer.name)"
      if var nested = layer.model {
        let saved = (context.nesting, context.isFirstNested)
        let isFirst = model.isSequential && model.layers[..<index].allSatisfy { $0.className == "InputLayer" }
        context.nesting += 1
        context.isFirstNested = context.isFirstNested && isFirst
        try rewrite(&nested, path: layerPath)
        (context.nesting, context.isFirstNested) = saved
        model.layers[index].model = nested
        index += 1
        continue
      }
      context.path = layerPath
      context.prefix = layerPath + "/"
      context.inputShape = context.facts.inputShapes[layerPath]?.first
      context.isWrapped = false
      let before = context
      let chain: LayerChain
      do {
        chain = try rewritten(layer)
      } catch {
        context = before
        index += try decompose(index, of: &model, path: path, refusal: error)
        continue
      }
      model.layers[index] = chain.layer
      model.surround(index, before: chain.before, after: chain.after)
      index += chain.before.count + 1 + chain.after.count
      // What took the layer's output takes that of the last of these now.
      if let last = chain.after.last, let types = context.facts.outputTypes[layerPath] {
        let name = model.layers[index - 1].name
        context.facts.outputTypes[
          String(layerPath.dropLast(layer.name.count)) + (name == layer.name ? last.name : name)] =
          types
      }
    }
    try requirePlainNames(model, path: path)
    if !model.isSequential { model.layers = LayerOrder.sorted(model) }
  }

  /// The layer in the target's terms, a wrapped layer first.
  private mutating func rewritten(_ layer: LayerConfig) throws(ExportError) -> LayerChain {
    var chain = LayerChain(layer)
    if !context.isWrapped { try ActivityPenalty.apply(to: &chain, &context) }
    for (field, holder) in [("layer", holder(of: layer)), ("backward_layer", "backward_layer/")] {
      guard var inner = try chain.layer.inner(field, path: context.path) else { continue }
      let saved = context
      context.prefix += holder
      context.isWrapped = true
      if layer.className == "TimeDistributed", let shape = context.inputShape, shape.rank > 1 {
        context.inputShape = Shape([shape[0]] + shape.dimensions.dropFirst(2))
      }
      if var nested = inner.model {
        context.nesting += 1
        context.isInTimeDistributedModel = true
        try rewrite(&nested, path: context.path + "/" + holder.dropLast())
        inner.model = nested
        chain.layer.fields[field] = inner.json
      } else {
        if layer.className == "Bidirectional", field == "layer", !layer.fields["backward_layer", default: .null].isNull
        {
          context.prefix = saved.prefix + "forward_layer/"
        }
        let wrapped = try rewritten(inner)
        chain.layer.fields[field] = wrapped.layer.json
        guard layer.className == "TimeDistributed" || wrapped.before.isEmpty && wrapped.after.isEmpty else {
          throw context.refusal("a rewritten \(inner.className)", "it stands inside \(layer.className)")
        }
        chain.before += wrapped.before.map { Self.timeDistributed($0) }
        chain.after = wrapped.after.map { Self.timeDistributed($0) } + chain.after
      }
      let (weights, notes) = (context.weights, context.notes)
      context = saved
      (context.weights, context.notes) = (weights, notes)
    }
    // A Bidirectional without a backward layer of its own runs a copy of the forward one.
    if layer.className == "Bidirectional", layer.fields["backward_layer", default: .null].isNull,
      let inner = try layer.inner("layer", path: context.path)
    {
      let saved = (context.prefix, context.isWrapped)
      context.prefix += "backward_layer/"
      context.isWrapped = true
      // For its weights: the config is the forward layer's, rewritten above.
      _ = try rewritten(inner)
      (context.prefix, context.isWrapped) = saved
    }
    for rewrite in context.target.rewrites { try rewrite.apply(to: &chain, &context) }
    try requireExpressible(chain.layer.json)
    return chain
  }

  private func holder(of layer: LayerConfig) -> String {
    layer.className == "Bidirectional" ? "forward_layer/" : "layer/"
  }

  private static func timeDistributed(_ layer: LayerConfig) -> LayerConfig {
    var inner = layer
    inner.nodes = []
    return LayerConfig(
      "TimeDistributed", name: "time_distributed_\(layer.name)",
      fields: ["trainable": true, "dtype": "float32", "layer": inner.json])
  }

  /// Refuses whatever only the canonical form can say and no rewrite took care of.
  private func requireExpressible(_ json: JSON) throws(ExportError) {
    switch json {
    case .string(let text) where text.hasPrefix("keraskit>"):
      guard !context.target.native.contains(text) else { return }
      throw context.refusal(
        "'\(text.dropFirst("keraskit>".count))'",
        "\(context.target.name) has no layer or value that computes the same")
    case .array(let elements):
      for element in elements { try requireExpressible(element) }
    case .object(let members):
      if members["class_name"] == "Lambda" {
        throw context.refusal(
          "a Lambda",
          "\(context.target.name) runs the byte code of a Lambda only with safe_mode off, and only that of its own "
            + "Python; --map with built-in layers carries it on")
      }
      for (key, value) in members where !context.target.native.contains(key) {
        if key.hasPrefix("keraskit>"), value != false, !value.isNull { try requireExpressible(.string(key)) }
        try requireExpressible(value)
      }
    default: break
    }
  }

  /// Keras 3 refuses a slash in a layer's name.
  private func requirePlainNames(_ model: ModelConfig, path: String) throws(ExportError) {
    for layer in model.layers where context.target.isKeras3 && layer.name.contains("/") {
      throw ExportError(
        .notExpressible(what: "the name '\(layer.name)'", reason: "Keras 3 allows no slash in a layer's name"),
        layer: path)
    }
  }
}
