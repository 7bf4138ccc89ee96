import KerasCore
import KerasModel

/// A model in Keras 3's own terms: its config without anything Keras 3 does not know, and the weights that go with it.
struct Keras3Model {
  /// The release whose behaviour the written files are made for.
  static let kerasVersion = "3.15.1"

  var config: ModelConfig
  var compile: JSON?
  /// Every variable in Keras' order.
  var variables: [Variable]
  /// The optimizer's variables; `nil` where the model is not compiled, or training begins with a fresh state.
  var optimizer: Keras3OptimizerState?
  var notes: [ExportNote]

  struct Variable {
    /// The parameter's name: `encoder/dense_1/kernel`.
    var name: String
    var tensor: TensorData
    /// Whether training changes it.
    var trainable: Bool
  }

  /// Rewrites the canonical model; throws `ExportError` naming the layer that Keras 3 cannot express.
  init(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    if let batchSize = options.batchSize, batchSize < 1 {
      throw ExportError(.missingOption("the batch size should be positive, received \(batchSize)"))
    }
    var config = try ModelConfig(model.canonical.config, path: "")
    var rewriter = Keras3Rewriter(
      context: RewriteContext(
        options: options, semantics: model.semantics, inputShapes: try Self.inputShapes(model.network),
        maskSensitive: try MergeMask.sensitiveLayers(of: model.network), hasFixedBatch: Self.hasFixedBatch(config),
        weights: model.weights))
    try rewriter.rewrite(&config)
    let outputNames = config.isSequential ? [config.layers.last?.name ?? ""] : config.outputs.map(\.layer)
    let (compile, compileNotes) = CompileConfig.of(
      model.canonical.compile, semantics: model.semantics, outputNames: outputNames)
    notes = rewriter.context.notes + compileNotes
    self.compile = compile

    let written: (variables: [Variable], outputs: [LayerOutput])
    do {
      written = try Self.variables(of: config, from: rewriter.context.weights)
    } catch {
      throw ExportError(.model(error))
    }
    variables = written.variables
    try Self.store(&variables, in: options.weightFormat)
    TensorShapes(written.outputs).fill(in: &config)
    self.config = config
    if let compile {
      let rewritten = Set(model.weights.filter { rewriter.context.weights[$0.key] != $0.value }.keys)
      do throws(Keras3OptimizerState.Lost) {
        optimizer = try Keras3OptimizerState(model, compile: compile, variables: variables, rewritten: rewritten)
      } catch {
        notes.append(
          ExportNote(.lost, "the optimizer's state, so that training resumes with a fresh one: \(error.reason)"))
      }
    }
  }

  /// The written config is a canonical one too: our own network tells its variables and shapes.
  private static func variables(
    of config: ModelConfig, from weights: [String: TensorData]
  ) throws(ModelError) -> (variables: [Variable], outputs: [LayerOutput]) {
    let network = try Network(canonical: config.json)
    var variables: [Variable] = []
    for parameter in try network.parameterSpecs() {
      guard let tensor = weights[parameter.name] else { throw ModelError(.missingWeight(parameter.name)) }
      guard tensor.shape == parameter.spec.shape else {
        throw ModelError(.weightShape(parameter.name, expected: parameter.spec.shape, found: tensor.shape))
      }
      variables.append(
        Variable(name: parameter.name, tensor: tensor, trainable: parameter.spec.trainable && parameter.trainable))
    }
    return (variables, try network.lowered(training: false).layerOutputs)
  }

  /// Gives variables the element type they are stored in: Keras 3 converts to its variables' own as it loads.
  private static func store(
    _ variables: inout [Variable], in format: ExportOptions.WeightFormat
  ) throws(ExportError) {
    let dtype: DType
    switch format {
    case .float32: return
    case .float16: dtype = .float16
    case .bfloat16: dtype = .bfloat16
    case .int8:
      throw ExportError(
        .notExpressible(
          what: "weights as 8-bit integers",
          reason: "Keras 3 holds those of Dense, EinsumDense and Embedding only, and rounds their inputs too"))
    }
    for index in variables.indices where format.applies(to: variables[index].tensor) {
      do {
        variables[index].tensor = try variables[index].tensor.converted(to: dtype)
      } catch {
        throw ExportError(.malformed("the weight \(variables[index].name): \(error)"))
      }
    }
  }

  private static func inputShapes(_ network: Network) throws(ExportError) -> [String: [Shape]] {
    do {
      let outputs = try network.lowered(training: false).layerOutputs
      return Dictionary(outputs.map { ($0.path, $0.inputShapes) }, uniquingKeysWith: { first, _ in first })
    } catch {
      throw ExportError(.model(error))
    }
  }

  private static func hasFixedBatch(_ model: ModelConfig) -> Bool {
    model.layers.contains { layer in
      layer.className == "InputLayer" && layer.fields["batch_shape"]?[0]?.intValue != nil
    }
  }
}
