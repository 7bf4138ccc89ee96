import KerasCore
import KerasGraph
import KerasModel

extension Rewriter {
  /// Says a layer that no rewrite can express in operations; the number of layers that stand in its place.
  ///
  /// Throws `refusal`, with the reason that this does not work either.
  mutating func decompose(
    _ index: Int, of model: inout ModelConfig, path: String, refusal: ExportError
  ) throws(ExportError) -> Int {
    let place = context.path
    guard context.target.hasOperations || context.target.saysOperationsInLayers,
      case .notExpressible(let what, let reason) = refusal.cause
    else {
      throw refusal
    }
    guard !context.facts.maskReaders.contains(place) else {
      throw context.refusal(what, "\(reason); operations have no masks, and what follows reads its mask")
    }
    var copy = model
    if model.isSequential {
      let first = model.layers.first.map { path.isEmpty ? $0.name : "\(path)/\($0.name)" } ?? ""
      try copy.becomeFunctional(inputShape: context.facts.inputShapes[first]?.first)
    }
    let here = index + copy.layers.count - model.layers.count
    let folder = path.isEmpty ? "" : path + "/"
    let modelTypes = { [context, copy] (reference: TensorReference) -> TensorType? in
      if let calls = context.facts.outputTypes[folder + reference.layer], calls.indices.contains(reference.node),
        calls[reference.node].indices.contains(reference.tensor)
      {
        return calls[reference.node][reference.tensor]
      }
      let input = copy.layers.first { $0.name == reference.layer && $0.className == "InputLayer" }
      guard let fields = input?.fields, let sizes = fields["batch_shape"]?.arrayValue else { return nil }
      let dtype = fields["dtype"]?.stringValue.flatMap { DType(rawValue: $0) } ?? .float32
      return TensorType(dtype, Shape(sizes.map(\.intValue)))
    }
    var masks = MaskOperations(copy, folder: folder)
    let layer = masks.stated(copy.layers[here], context.facts.maskOrigins[place] ?? [], modelTypes)
    let types = { [masks] in masks.types[$0] ?? modelTypes($0) }
    let own = layer.name + "/"
    let weights = context.weights.reduce(into: [String: TensorData]()) { result, weight in
      guard weight.key.hasPrefix(folder + own) else { return }
      result[String(weight.key.dropFirst(folder.count))] = weight.value
    }
    let parts: LayerDecomposition
    let readsMasks: Bool
    do throws(LayerDecomposition.Failure) {
      let taken = Set((copy.layers + masks.layers).map(\.name))
      func decomposed(keepsVariables: Bool) throws(LayerDecomposition.Failure) -> LayerDecomposition {
        try LayerDecomposition(
          layer, prefix: folder, weights: weights, taken: taken, keepsVariables: keepsVariables, types: types)
      }
      if let found = try? decomposed(keepsVariables: true) {
        parts = found
      } else {
        parts = try decomposed(keepsVariables: false)
      }
      let read = Set(parts.layers.flatMap(\.nodes).flatMap(\.references))
      if let reason = read.compactMap({ masks.unknown[$0] }).first { throw LayerDecomposition.Failure(reason: reason) }
      readsMasks = masks.layers.contains { read.contains(TensorReference($0.name)) }
    } catch {
      throw context.refusal(what, "\(reason); nor in operations: \(error.reason)")
    }
    if var rescaling = parts.rescaling {
      // A Lambda's call may name a mask, and a Rescaling's takes nothing but its input.
      rescaling.nodes = model.layers[index].nodes.map { node in
        var node = node
        node.kwargs = .object([:])
        return node
      }
      model.layers[index] = rescaling
      context.note(.rewritten, "\(what) is a Rescaling")
      return 1
    }
    if !context.target.hasOperations {
      return try sayInLayers(parts, here, copy, index, of: &model, types) { [context] found in
        context.refusal(what, "\(reason); nor in layers: \(found)")
      }
    }
    for (old, new) in parts.replacements {
      guard let type = types(old) else { continue }
      var calls = context.facts.outputTypes[folder + new.layer] ?? []
      while calls.count <= new.node { calls.append([]) }
      if calls[new.node].isEmpty { calls[new.node] = [type] }
      context.facts.outputTypes[folder + new.layer] = calls
    }
    context.weights.merge(parts.weights) { _, new in new }
    for (made, source) in parts.sources { context.carry(source, as: made) }
    for name in parts.constants where !parts.sources.values.contains(folder + name) { context.fix(folder + name) }
    let made = (readsMasks ? masks.layers : []) + parts.layers
    copy.replace(here, with: made, parts.replacements)
    model = copy
    guard !made.isEmpty else {
      context.note(
        .lost, "\(what) passes its input on in prediction and is left out, with what it may do in training")
      return here - index
    }
    let list = made.map(\.className).joined(separator: ", ")
    context.note(
      .rewritten,
      "\(what) is said in \(context.target.isKeras3 ? "Keras 3's own operations" : "TensorFlow's operations"): \(list)"
    )
    let dropped = layer.fields.keys.filter { name in
      (name.hasSuffix("_regularizer") || name.hasSuffix("_constraint")) && layer.fields[name]?.isNull == false
    }
    if !dropped.isEmpty {
      context.note(.lost, "\(dropped.sorted().joined(separator: ", ")): operations have none")
    }
    if !parts.rows.isEmpty {
      context.note(
        .rewritten,
        "\(parts.rows.sorted().joined(separator: ", ")): each the one row of an Embedding, trained as before")
    }
    if !parts.constants.isEmpty {
      context.note(
        .lost, "\(parts.constants.sorted().joined(separator: ", ")): constants now, which training does not change")
    }
    return made.count + here - index
  }

  /// Puts plain layers in the place of a decomposition's operations, for a target that has none; their number.
  private func sayInLayers(
    _ parts: LayerDecomposition, _ here: Int, _ model: ModelConfig, _ index: Int, of result: inout ModelConfig,
    _ types: @escaping (TensorReference) -> TensorType?, refusal: (String) -> ExportError
  ) throws(ExportError) -> Int {
    guard parts.weights.isEmpty, parts.constants.isEmpty, !parts.layers.isEmpty else {
      throw refusal("it has weights of its own")
    }
    let inner = try operationTypes(parts, types)
    let made: StockLayers
    do throws(StockLayers.Failure) {
      made = try StockLayers(
        parts.layers, taken: Set((model.layers + parts.layers).map(\.name)), target: context.target.name
      ) { inner[$0] ?? types($0) }
    } catch {
      throw refusal(error.reason)
    }
    var copy = model
    copy.replace(here, with: made.layers, parts.replacements)
    result = copy
    return made.layers.count + here - index
  }

  /// What the operations of a decomposition put out.
  private func operationTypes(
    _ parts: LayerDecomposition, _ types: (TensorReference) -> TensorType?
  ) throws(ExportError) -> [TensorReference: TensorType] {
    let own = Set(parts.layers.map(\.name))
    var inputs: [String: TensorReference] = [:]
    var layers = parts.layers
    for index in layers.indices {
      layers[index].nodes = layers[index].nodes.map { node in
        node.replacingTensors { reference in
          guard !own.contains(reference.layer) else { return .tensor(reference) }
          let name = "\(reference.layer)/\(reference.node)/\(reference.tensor)"
          inputs[name] = reference
          return .tensor(TensorReference(name))
        }
      }
    }
    for (name, reference) in inputs.sorted(by: { $0.key < $1.key }) {
      guard let type = types(reference) else { continue }
      layers.insert(
        LayerConfig(
          "InputLayer", name: name,
          fields: ["batch_shape": JSON(type.shape), "dtype": .string(type.dtype.rawValue), "sparse": false]), at: 0)
    }
    let model = ModelConfig(
      functional: "operations", layers: layers, inputs: inputs.keys.sorted().map { TensorReference($0) },
      outputs: Array(Set(parts.replacements.values)))
    do {
      let lowered = try Network(canonical: model.json).lowered(training: false)
      var found: [TensorReference: TensorType] = [:]
      for output in lowered.layerOutputs where own.contains(output.path) {
        for (number, value) in output.outputValues.enumerated() {
          found[TensorReference(output.path, 0, number)] = lowered.graph.type(value)
        }
      }
      return found
    } catch {
      throw ExportError(.malformed("\(error)"))
    }
  }
}
