import KerasCore
import KerasModel

/// A model whose layers all have a meaning in the target release, with the weights that go with them.
struct RewrittenModel {
  /// In canonical terms.
  let config: ModelConfig
  /// Every variable in Keras' order, in the element type it is to be stored in.
  let variables: [Keras3Model.Variable]
  /// Outputs of every call of every layer.
  let outputs: [LayerOutput]
  let notes: [ExportNote]
  /// The source with these layers in place of its own.
  let model: LoadedModel
  /// Parameters whose numbers differ in the written model; another shape of the same numbers is no difference.
  let changedWeights: Set<String>
  /// The source's parameters that are constants in it.
  let constants: Set<String>
  /// The source's names of parameters that have another name in it, by that one.
  let sourceNames: [String: String]

  /// Throws `ExportError` naming the layer that the target cannot express.
  init(_ model: LoadedModel, target: RewriteTarget, options: ExportOptions) throws(ExportError) {
    if let batchSize = options.batchSize, batchSize < 1 {
      throw ExportError(.missingOption("the batch size should be positive, received \(batchSize)"))
    }
    var config = try ModelConfig(model.canonical.config, path: "")
    if !target.isKeras3, (model.sourceVersion?.major ?? 2) >= 3 { config.dropTrainingArguments() }
    var rewriter = Rewriter(
      context: RewriteContext(
        target: target, options: options, semantics: model.semantics,
        facts: try LayerFacts(model.network), hasFixedBatch: Self.hasFixedBatch(config),
        weights: model.weights))
    try rewriter.rewrite(&config)
    try rewriter.settleMasks(&config)
    if !rewriter.context.maskedSequences.isEmpty { try TFJSMaskNumbers.multiply(in: &config, "", &rewriter.context) }
    if !target.hasRescaling { try FixedScaling.replaceRescalings(in: &config, &rewriter.context) }
    var rewritten = model
    do {
      // The written config is a canonical one too: our own network tells its variables and shapes.
      rewritten.canonical.config = config.json
      rewritten.network = try Network(canonical: config.json)
      (variables, outputs) = try Self.variables(
        of: rewritten.network, from: rewriter.context.weights, format: options.weightFormat, target)
      rewritten.weights = rewriter.context.weights
      rewritten.semantics = target.semantics
    } catch {
      throw ExportError(of: error)
    }
    self.config = config
    self.model = rewritten
    notes = rewriter.context.notes
    sourceNames = rewriter.context.sourceNames
    let written = Dictionary(sourceNames.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    constants = rewriter.context.constants
    changedWeights = Set(
      model.weights.filter { name, weight in
        let found = rewriter.context.weights[written[name] ?? name]
        return found?.dtype != weight.dtype || found?.bytes != weight.bytes
      }.keys)
  }

  private static func variables(
    of network: Network, from weights: [String: TensorData], format: ExportOptions.WeightFormat,
    _ target: RewriteTarget
  ) throws -> (variables: [Keras3Model.Variable], outputs: [LayerOutput]) {
    var variables: [Keras3Model.Variable] = []
    for parameter in try network.parameterSpecs() {
      guard let tensor = weights[parameter.name] else { throw ModelError(.missingWeight(parameter.name)) }
      guard tensor.shape == parameter.spec.shape else {
        throw ModelError(.weightShape(parameter.name, expected: parameter.spec.shape, found: tensor.shape))
      }
      variables.append(
        Keras3Model.Variable(
          name: parameter.name, tensor: try stored(tensor, format, target),
          trainable: parameter.spec.trainable && parameter.trainable))
    }
    return (variables, try network.lowered(training: false).layerOutputs)
  }

  /// The element type a variable is stored in: Keras converts to its variables' own as it loads.
  private static func stored(
    _ tensor: TensorData, _ format: ExportOptions.WeightFormat, _ target: RewriteTarget
  ) throws -> TensorData {
    guard format.applies(to: tensor) else { return tensor }
    switch format {
    case .float32: return tensor
    case .float16: return try tensor.converted(to: .float16)
    case .bfloat16: return try tensor.converted(to: .bfloat16)
    case .int8:
      throw ExportError(
        .notExpressible(
          what: "weights as 8-bit integers",
          reason: target.isKeras3
            ? "Keras 3 holds those of Dense and Embedding in .keras, .h5 and .weights.h5 files"
            : "\(target.name) has no layers with such weights; .keras and .h5 of Keras 3 (without --for) hold them, "
              + ".tflite and .tfjs too"))
    }
  }

  private static func hasFixedBatch(_ model: ModelConfig) -> Bool {
    model.layers.contains { layer in
      layer.className == "InputLayer" && layer.fields["batch_shape"]?[0]?.intValue != nil
    }
  }
}
