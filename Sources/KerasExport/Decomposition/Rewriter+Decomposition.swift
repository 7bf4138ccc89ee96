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
    let (before, after) = try sayActivityApart(index, of: &model, path: path)
    return try before + after + decomposeAlone(index + before, of: &model, path: path, refusal: refusal)
  }

  private mutating func decomposeAlone(
    _ index: Int, of model: inout ModelConfig, path: String, refusal: ExportError
  ) throws(ExportError) -> Int {
    let place = context.path
    guard context.target.hasOperations || context.target.saysOperationsInLayers,
      case .notExpressible(let what, let reason) = refusal.cause
    else {
      throw refusal
    }
    let isMaskRead = context.facts.maskReaders.contains(place)
    guard !isMaskRead || context.target.hasOperations else {
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
    var masks = MaskOperations(
      copy, folder: folder, origins: context.facts.maskOrigins, made: context.madeMasks)
    let layer = masks.stated(copy.layers[here], modelTypes)
    let types = { [masks] in masks.types[$0] ?? modelTypes($0) }
    let own = layer.name + "/"
    let weights = context.weights.reduce(into: [String: TensorData]()) { result, weight in
      guard weight.key.hasPrefix(folder + own) else { return }
      result[String(weight.key.dropFirst(folder.count))] = weight.value
    }
    var options = LayerDecomposition.Options()
    options.keepsVariables = context.target.hasOperations
    options.makesMasks = context.target.hasOperations && (isMaskRead || context.facts.maskedLosses.contains(place))
    options.hasDraws = context.target.hasOperations && !context.target.isKeras3
    // What carries the mask of an output takes its name.
    options.keepsName = !options.makesMasks || !copy.outputs.contains { $0.layer == layer.name }
    let taken = Set((copy.layers + masks.layers).map(\.name))
    func decomposed(_ options: LayerDecomposition.Options) throws(LayerDecomposition.Failure) -> LayerDecomposition {
      let parts: LayerDecomposition
      do throws(LayerDecomposition.Failure) {
        parts = try LayerDecomposition(
          layer, prefix: folder, weights: weights, taken: taken, options: options, types: types)
      } catch {
        guard options.keepsVariables else { throw error }
        var others = options
        others.keepsVariables = false
        return try decomposed(others)
      }
      if let reason = read(by: parts).compactMap({ masks.unknown[$0] }).first { throw .init(reason: reason) }
      return parts
    }
    func read(by parts: LayerDecomposition) -> Set<TensorReference> {
      Set(parts.layers.flatMap(\.nodes).flatMap(\.references) + parts.masks.values.map(\.tensor))
    }
    let parts: LayerDecomposition
    do throws(LayerDecomposition.Failure) {
      do throws(LayerDecomposition.Failure) {
        parts = try decomposed(options)
      } catch {
        guard options.makesMasks, !isMaskRead else { throw error }
        (options.makesMasks, options.keepsName) = (false, true)
        parts = try decomposed(options)
        context.note(.lost, "losses count masked steps too: \(error.reason)")
      }
    } catch {
      throw context.refusal(what, "\(reason); nor in operations: \(error.reason)")
    }
    let readsMasks = masks.layers.contains { read(by: parts).contains(TensorReference($0.name)) }
    // It would pass on a mask that the layer may not.
    if var rescaling = parts.rescaling, !context.facts.masked.contains(place) {
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
      return try sayInLayers(parts, here, copy, index, of: &model, folder: folder, types) { [context] found in
        context.refusal(what, "\(reason); nor in layers: \(found)")
      }
    }
    if readsMasks { context.madeMasks = masks.made }
    var replacements = parts.replacements
    let carriers =
      parts.layers.isEmpty
      ? []
      : carry(
        parts.masks, of: place, folder: folder, named: layer.name, keepsName: options.keepsName,
        taken: taken.union(parts.layers.map(\.name)), types: types, &replacements)
    for (old, new) in Array(parts.replacements) + Array(replacements) {
      guard let type = types(old) else { continue }
      var calls = context.facts.outputTypes[folder + new.layer] ?? []
      while calls.count <= new.node { calls.append([]) }
      if calls[new.node].isEmpty { calls[new.node] = [type] }
      context.facts.outputTypes[folder + new.layer] = calls
    }
    context.weights.merge(parts.weights) { _, new in new }
    for (made, source) in parts.sources { context.carry(source, as: made) }
    for name in parts.constants where !parts.sources.values.contains(folder + name) { context.fix(folder + name) }
    let operations = (readsMasks ? masks.layers : []) + parts.layers
    let made = operations + carriers
    copy.replace(here, with: made, replacements)
    model = copy
    guard !made.isEmpty else {
      context.note(
        .lost, "\(what) passes its input on in prediction and is left out, with what it may do in training")
      return here - index
    }
    let list = operations.map(\.className).joined(separator: ", ")
    context.note(
      .rewritten,
      "\(what) is said in \(context.target.isKeras3 ? "Keras 3's own operations" : "TensorFlow's operations"): \(list)"
    )
    if parts.drawsNumbers {
      context.note(
        .warning, "draws random numbers in predictions, as its release did; TensorFlow draws others")
    }
    if !parts.dropped.isEmpty {
      context.note(.lost, "\(parts.dropped.sorted().joined(separator: ", ")): no layer here has a place for it")
    }
    var chain = LayerChain(layer)
    try FrozenPenalty.apply(to: &chain, &context)
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

  /// Puts the layer's activity penalty into layers of their own before and behind it; how many there are.
  private mutating func sayActivityApart(
    _ index: Int, of model: inout ModelConfig, path: String
  ) throws(ExportError) -> (before: Int, after: Int) {
    guard context.target.hasOperations, !context.isWrapped else { return (0, 0) }
    var chain = LayerChain(model.layers[index])
    try ActivityPenalty.apply(to: &chain, &context)
    if let left = chain.layer.fields["activity_regularizer"], !left.isNull {
      // Inside the layer, if the target counts it there.
      if !context.target.semantics.activityIgnoredBy.contains(chain.layer.className) {
        let (l1, l2) = try Penalty.factors(left, context)
        chain.after.append(Penalty.layer(chain.layer.name + "_activity", l1: l1, l2: l2))
        context.note(.rewritten, "the activity penalty is an ActivityRegularization after the layer")
      }
      chain.layer.fields["activity_regularizer"] = .null
    }
    guard !chain.before.isEmpty || !chain.after.isEmpty else { return (0, 0) }
    let folder = path.isEmpty ? "" : path + "/"
    let results = context.facts.outputTypes[context.path]
    let input = context.facts.inputShapes[context.path]?.first.map { TensorType(.float32, $0) }
    model.layers[index] = chain.layer
    model.surround(index, before: chain.before, after: chain.after)
    for place in index..<index + chain.before.count {
      let before = model.layers[place]
      context.facts.outputTypes[folder + before.name] = input.map { Array(repeating: [$0], count: before.nodes.count) }
    }
    let own = index + chain.before.count
    for place in own + 1..<own + 1 + chain.after.count {
      context.facts.outputTypes[folder + model.layers[place].name] = results
    }
    return (chain.before.count, chain.after.count)
  }

  /// Puts plain layers in the place of a decomposition's operations, for a target that has none; their number.
  private mutating func sayInLayers(
    _ parts: LayerDecomposition, _ here: Int, _ model: ModelConfig, _ index: Int, of result: inout ModelConfig,
    folder: String, _ types: @escaping (TensorReference) -> TensorType?, refusal: (String) -> ExportError
  ) throws(ExportError) -> Int {
    guard !parts.layers.isEmpty else { throw refusal("nothing is left of it") }
    let inner = try operationTypes(parts, types)
    let made: StockLayers
    do throws(StockLayers.Failure) {
      made = try StockLayers(
        parts.layers,
        weights: Dictionary(
          parts.weights.map { (String($0.key.dropFirst(folder.count)), $0.value) }, uniquingKeysWith: { $1 }),
        outputs: Array(parts.replacements.values), taken: Set((model.layers + parts.layers).map(\.name)),
        target: context.target.name
      ) { inner[$0] ?? types($0) }
    } catch {
      throw refusal(error.reason)
    }
    var copy = model
    copy.replace(here, with: made.layers, parts.replacements)
    result = copy
    for (name, weight) in made.weights { context.weights[folder + name] = weight }
    let list = made.layers.map(\.className)
    context.note(
      .rewritten,
      "\(model.layers[here].className) is said in layers that \(context.target.name) has: "
        + (list.prefix(8) + (list.count > 8 ? ["… (\(list.count))"] : [])).joined(separator: ", "))
    if made.holdsConstants, !parts.constants.isEmpty {
      context.note(.lost, "training of \(parts.constants.sorted().joined(separator: ", ")): constants now")
    }
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
