import KerasCore
import KerasModel

/// A masked Bidirectional, of whose sequences TensorFlow.js repeats the last output at masked steps, where its Python reader,
/// which is tf.keras, puts zeros (`wrappers.ts`, `recurrent.ts`; releases before 2 refuse the mask).
///
/// The mask's numbers times its outputs are the same in both: `TFJSMaskNumbers` adds them once the model is rewritten. What
/// reads the mask behind it would find none in TensorFlow.js, where such a product has the mask of its first input.
enum TFJSMaskedBidirectional: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.className == "Bidirectional", !context.isWrapped, context.facts.masked.contains(context.path),
      chain.layer.fields["layer"]?["config"]?["return_sequences"] == true
    else { return }
    let origins = context.facts.maskOrigins[context.path] ?? []
    guard origins.count == 1, let origin = origins[0].first ?? nil, origin.call == 0,
      TFJSMaskNumbers.folder(of: origin.path) == TFJSMaskNumbers.folder(of: context.path)
    else { throw TFJSMaskNumbers.refusal("needs one call, and a mask made beside it", context) }
    context.maskedSequences[context.path] = origin.path
  }
}

/// The numbers of a mask, made as it was: of an Embedding by another that has a zero for index 0 and ones; of a Masking by what
/// its input differs from the value.
enum TFJSMaskNumbers {
  /// The model that holds a layer: `encoder/` of `encoder/dense_1`.
  static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "" }

  static func refusal(_ reason: String, _ context: RewriteContext) -> ExportError {
    context.refusal(
      "a masked Bidirectional that returns sequences",
      "TensorFlow.js does not have it as its Python reader has: masked steps repeat the last output in one, are 0 in the "
        + "other; and a product with the mask \(reason)")
  }

  /// Layers that compute something else with a mask than without.
  private static let readers: Set<String> = [
    "LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Attention",
    "AdditiveAttention", "MultiHeadAttention", "GroupedQueryAttention", "GlobalAveragePooling1D", "Softmax", "Add",
    "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract", "Functional", "Sequential",
  ]

  /// The first layer behind the tensor that reads its mask.
  private static func reader(
    of name: String, in model: ModelConfig, _ folder: String, _ context: RewriteContext
  ) -> String? {
    var reached: Set<String> = [name]
    for layer in LayerOrder.sorted(model)
    where layer.nodes.contains(where: { $0.references.contains { reached.contains($0.layer) } }) {
      guard context.facts.masked.contains(folder + layer.name) || layer.model != nil else { continue }
      if readers.contains(layer.className) { return layer.name }
      reached.insert(layer.name)
    }
    return nil
  }

  /// Multiplies the outputs of the masked Bidirectionals of a rewritten model.
  static func multiply(in model: inout ModelConfig, _ folder: String = "", _ context: inout RewriteContext)
    throws(ExportError)
  {
    for (path, origin) in context.maskedSequences.sorted(by: { $0.key < $1.key }) where Self.folder(of: path) == folder
    {
      let first = model.layers.first.map { folder + $0.name } ?? ""
      try model.becomeFunctional(inputShape: context.facts.inputShapes[first]?.first)
      context.path = path
      try multiply(
        String(path.dropFirst(folder.count)), String(origin.dropFirst(folder.count)), in: &model, folder, &context)
    }
    for index in model.layers.indices {
      guard var nested = model.layers[index].model else { continue }
      try multiply(in: &nested, folder + model.layers[index].name + "/", &context)
      model.layers[index].model = nested
    }
  }

  private static func multiply(
    _ name: String, _ origin: String, in model: inout ModelConfig, _ folder: String, _ context: inout RewriteContext
  ) throws(ExportError) {
    guard let maker = model.layers.first(where: { $0.name == origin }), let input = maker.nodes.first?.references.first,
      let place = model.layers.firstIndex(where: { $0.name == name }),
      let mask = try numbers(of: maker, input, named: name, in: model, folder, &context)
    else {
      throw context.refusal(
        "a masked Bidirectional that returns sequences", "its mask is made by \(origin), and by no Embedding or Masking"
      )
    }
    if let reader = reader(of: name, in: model, folder, context) {
      throw refusal("has none in TensorFlow.js, which '\(reader)' behind it reads", context)
    }
    let own = context.maskedSequences[folder + name]
    let isReadOutside =
      !folder.isEmpty
      && context.facts.maskOrigins.contains { path, calls in
        !path.hasPrefix(folder) && calls.joined().contains { $0?.path == own }
      }
    if isReadOutside { throw refusal("has none in TensorFlow.js, and it leaves the model", context) }
    var product = LayerConfig(
      "Multiply", name: model.uniqueName(name + "_masked"), fields: ["trainable": true, "dtype": "float32"])
    let (old, new) = (TensorReference(name), TensorReference(product.name))
    for index in model.layers.indices where index != place {
      model.layers[index].nodes = model.layers[index].nodes.map {
        $0.replacingTensors { .tensor($0 == old ? new : $0) }
      }
    }
    model.outputs = model.outputs.map { $0 == old ? new : $0 }
    // The mask's numbers first: TensorFlow.js takes their mask, which is none.
    product.nodes = [CallNode(args: [[.tensor(TensorReference(mask[mask.count - 1].name)), .tensor(old)]])]
    model.layers += mask + [product]
    model.layers = LayerOrder.sorted(model)
    context.note(
      .rewritten,
      "its outputs are multiplied by the mask: masked steps of a Bidirectional are 0 in Keras, not in TensorFlow.js")
  }

  /// Layers of which the last puts out 1 where a step counts and 0 where it is masked, one number a step.
  private static func numbers(
    of maker: LayerConfig, _ input: TensorReference, named name: String, in model: ModelConfig, _ folder: String,
    _ context: inout RewriteContext
  ) throws(ExportError) -> [LayerConfig]? {
    var layers: [LayerConfig] = []
    func add(_ className: String, _ suffix: String, _ fields: KeyValuePairs<String, JSON>, _ inputs: TensorReference...)
      -> TensorReference
    {
      var layer = LayerConfig(
        className, name: model.uniqueName(name + suffix), fields: ["trainable": false, "dtype": "float32"])
      for (key, value) in fields { layer.fields[key] = value }
      let tensors = inputs.map { JSON.tensor($0) }
      layer.nodes = [CallNode(args: tensors.count == 1 ? [tensors[0]] : [.array(tensors)])]
      layers.append(layer)
      return TensorReference(layer.name)
    }
    func store(_ reference: TensorReference, _ role: String, _ shape: [Int], _ values: [Float]) throws(ExportError) {
      do {
        context.weights["\(folder)\(reference.layer)/\(role)"] = try TensorData(shape: shape, floats: values)
      } catch {
        throw ExportError(.malformed("\(error)"))
      }
    }
    switch maker.className {
    case "Embedding":
      guard let count = maker.fields["input_dim"]?.intValue, count > 0 else { return nil }
      let made = add("Embedding", "_mask", ["input_dim": JSON(count), "output_dim": 1, "mask_zero": false], input)
      try store(made, "embeddings", [count, 1], [0] + [Float](repeating: 1, count: count - 1))
    case "Masking":
      guard let width = context.facts.inputShapes[folder + maker.name]?.first?.dimensions.last ?? nil else {
        return nil
      }
      let value = maker.fields["mask_value"]?.doubleValue ?? 0
      let differs = add("Rescaling", "_above", ["scale": 1.0, "offset": .number(-value)], input)
      let opposite = add("Rescaling", "_below", ["scale": -1.0, "offset": .number(value)], input)
      let distance = add("Maximum", "_distance", [:], differs, opposite)
      let sum = add("Dense", "_distances", ["units": 1, "activation": "linear", "use_bias": false], distance)
      // So that the least number is more than 1.
      try store(sum, "kernel", [width, 1], [Float](repeating: 3e38, count: width))
      _ = add("ReLU", "_mask", ["max_value": 1.0, "negative_slope": 0.0, "threshold": 0.0], sum)
    default: return nil
    }
    return layers
  }
}
