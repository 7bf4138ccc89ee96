import KerasCore
import KerasGraph
import KerasModel

/// Masks behind layers that are operations now, which pass none on.
///
/// A TimeDistributed of an Activation that changes nothing is called with the mask and gives it to its output: in Keras 3
/// and in tf.keras 2.15 a mask given in a call is the one that the layer passes on.
extension Rewriter {
  /// Lays carriers behind the results of a decomposition; leads `replacements` to them.
  mutating func carry(
    _ masks: [TensorReference: (tensor: TensorReference, type: TensorType)], of place: String, folder: String,
    named name: String, keepsName: Bool, taken: Set<String>, types: (TensorReference) -> TensorType?,
    _ replacements: inout [TensorReference: TensorReference]
  ) -> [LayerConfig] {
    var taken = taken
    var made: [LayerConfig] = []
    for (old, mask) in masks.sorted(by: { ($0.key.node, $0.key.tensor) < ($1.key.node, $1.key.tensor) }) {
      context.madeMasks[.init(path: place, call: old.node, output: old.tensor)] = MadeMask(
        folder: folder, tensor: mask.tensor, type: mask.type)
      guard let result = replacements[old] else { continue }
      var carrier = made.isEmpty && !keepsName ? name : "\(name)_masked"
      var number = 1
      while taken.contains(carrier), carrier != name {
        carrier = "\(name)_masked_\(number)"
        number += 1
      }
      taken.insert(carrier)
      let step = LayerConfig(
        "Activation", name: "\(carrier)_step",
        fields: ["trainable": true, "dtype": "float32", "activation": "linear"])
      var layer = LayerConfig(
        "TimeDistributed", name: carrier, fields: ["trainable": true, "dtype": "float32", "layer": step.json])
      layer.nodes = [CallNode(args: [.tensor(result)], kwargs: ["mask": .tensor(mask.tensor)])]
      made.append(layer)
      replacements[old] = TensorReference(carrier)
      let rank = types(old)?.shape.rank ?? 0
      context.maskCarriers[folder + carrier] = .some(
        rank < 3 || mask.type.shape.rank != 2 ? "the output has \(rank) axes and its mask \(mask.type.shape.rank)" : nil
      )
    }
    return made
  }

  /// Takes carriers out again whose masks nothing reads; throws for one that is read and cannot be.
  mutating func settleMasks(_ model: inout ModelConfig) throws(ExportError) {
    guard !context.maskCarriers.isEmpty else { return }
    let carriers = Set(context.maskCarriers.keys)
    // Each carrier's mask as a value of its own: operations may read the same mask beside it.
    var probed = model
    try probed.changeCarriers(carriers, path: "") { model, index in
      let layer = model.layers[index]
      var probe = LayerConfig("LogicalOr", name: model.uniqueName(layer.name + Self.probe))
      probe.module = "keras.src.ops.numpy"
      for call in layer.nodes.indices {
        guard let mask = layer.nodes[call].kwargs["mask"] else { continue }
        probe.nodes.append(CallNode(args: [mask, mask]))
        model.layers[index].nodes[call].kwargs["mask"] = .tensor(TensorReference(probe.name, call))
      }
      model.layers.insert(probe, at: index)
    }
    let lowered: LoweredModel
    do {
      lowered = try Network(canonical: probed.json).lowered(training: false)
    } catch {
      throw ExportError(.model(error))
    }
    let forOutputs = LayerFacts.needed(by: lowered.graph.outputs, in: lowered.graph)
    let forAll = LayerFacts.needed(
      by: lowered.graph.outputs + lowered.outputMasks.compactMap { $0 }, in: lowered.graph)
    var read: [String: (byOutputs: Bool, byAny: Bool)] = [:]
    for output in lowered.layerOutputs where output.className == "LogicalOr" {
      guard let place = output.path.range(of: Self.probe, options: .backwards) else { continue }
      let path = String(output.path[..<place.lowerBound])
      let nodes = output.outputValues.map(\.node)
      let known = read[path] ?? (false, false)
      read[path] = (
        known.byOutputs || nodes.contains(where: { forOutputs.contains($0) }),
        known.byAny || nodes.contains(where: { forAll.contains($0) })
      )
    }
    var needless: Set<String> = []
    for (path, obstacle) in context.maskCarriers.sorted(by: { $0.key < $1.key }) {
      let found = read[path] ?? (false, false)
      context.path = path
      if found.byAny, obstacle == nil {
        context.note(
          .rewritten, "gives the operations' result the mask that is read behind it, which operations do not pass on")
        continue
      }
      if let obstacle, found.byOutputs {
        throw context.refusal(
          "a mask that is read behind operations", "they pass none on, and no layer can give it where \(obstacle)")
      }
      if found.byAny {
        context.note(.lost, "operations pass no mask on: losses count masked steps too")
      }
      needless.insert(path)
    }
    guard !needless.isEmpty else { return }
    try model.changeCarriers(needless, path: "") { model, index in
      let layer = model.layers[index]
      var replacements: [TensorReference: TensorReference] = [:]
      for (call, node) in layer.nodes.enumerated() {
        replacements[TensorReference(layer.name, call)] = node.args.tensorReferences.first
      }
      model.replace(index, with: [], replacements)
    }
  }

  private static let probe = "_mask_probe"
}

extension ModelConfig {
  /// Changes the layers at some paths in this model and those inside it, from the last to the first.
  fileprivate mutating func changeCarriers(
    _ paths: Set<String>, path: String, _ change: (inout ModelConfig, Int) -> Void
  ) throws(ExportError) {
    let folder = path.isEmpty ? "" : path + "/"
    for index in layers.indices {
      let own = folder + layers[index].name
      if var nested = layers[index].model {
        try nested.changeCarriers(paths, path: own, change)
        layers[index].model = nested
      } else if var inner = try layers[index].inner("layer", path: own), var nested = inner.model {
        try nested.changeCarriers(paths, path: own + "/layer", change)
        inner.model = nested
        layers[index].fields["layer"] = inner.json
      }
    }
    for name in layers.map(\.name).reversed() where paths.contains(folder + name) {
      guard let index = layers.firstIndex(where: { $0.name == name }) else { continue }
      change(&self, index)
    }
    // Files number layers of a class by the order that Keras comes to; operations that nothing reads go.
    if !isSequential { layers = LayerOrder.sorted(self) }
  }
}
