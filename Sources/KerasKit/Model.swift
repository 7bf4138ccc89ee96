import KerasAudit
import KerasCore
import KerasEngine
import KerasExport
import KerasFile
import KerasModel
import KerasTraining

/// A Keras model of any release: to look at, run, train further and write in current form.
///
/// ```swift
/// let model = try Model.load("digits-2017.h5")
/// let predictions = try model.predict([images])
/// ```
///
/// Not safe to use from several threads at once.
public final class Model {
  /// An input or output: its name and shape with the batch first; unknown dimensions are `nil`.
  public struct Port: Sendable, Hashable {
    public var name: String
    public var shape: Shape
    public var dtype: DType
  }

  /// The file's content, the canonical config, the network and its weights.
  public internal(set) var loaded: LoadedModel
  public let inputs: [Port]
  public let outputs: [Port]
  /// The inference graph and what came of lowering: layers with shapes and parameters.
  public let lowered: LoweredModel
  /// Threads that predictions and training use; by default all processors, but one for small models.
  public var threads = Processors.count {
    didSet {
      predictor = nil
      sharesWorkFrom = 0
    }
  }
  /// How predictions hold the factors of products; training computes in float32.
  public var precision = Precision.float32 {
    didSet { predictor = nil }
  }
  /// Whether `predict` keeps the weights for the next call.
  ///
  /// Where that never comes, a prediction for one batch reads large weights in the moment it needs them: it starts sooner
  /// and takes less memory.
  public var keepsWeights = true
  /// About a fifth of a millisecond of one processor's time.
  var sharesWorkFrom = 2e7
  var engineOptions: EngineOptions {
    EngineOptions(threads: threads, sharesWorkFrom: sharesWorkFrom, precision: precision)
  }
  var predictor: Predictor?

  /// Loads a model file or folder, recognised by content; see `ModelFile.open`.
  public static func load(_ path: String, options: LoadOptions = LoadOptions()) throws(KerasKitError) -> Model {
    try KerasKitError.wrap { try Model(LoadedModel.load(path, options: options)) }
  }

  /// Loads a model whose architecture and weights are in two files.
  public static func load(
    config: String, weights: String, options: LoadOptions = LoadOptions()
  ) throws(KerasKitError) -> Model {
    try KerasKitError.wrap { try Model(LoadedModel.load(config: config, weights: weights, options: options)) }
  }

  /// Takes a model that is loaded already; throws if it cannot be lowered to a graph.
  public init(_ loaded: LoadedModel) throws(KerasKitError) {
    self.loaded = loaded
    do throws(ModelError) {
      lowered = try loaded.network.lowered(
        training: false, batchNormalization: loaded.semantics.batchNormalization)
    } catch {
      throw .model(error.inFile(loaded.source.file))
    }
    let graph = lowered.graph
    inputs = lowered.inputNames.compactMap { name in
      graph.input(named: name).map { Port(name: name, shape: graph.shape($0), dtype: graph.type($0).dtype) }
    }
    outputs = zip(lowered.outputNames, graph.outputs).map { name, value in
      Port(name: name, shape: graph.shape(value), dtype: graph.type(value).dtype)
    }
  }

  /// What the upgrade to current terms renamed, defaulted, translated or dropped.
  public var provenance: [Provenance] { loaded.canonical.provenance }

  // MARK: Running

  /// Predicts for arrays in the order of the model's inputs, whose first axis counts samples.
  ///
  /// The result has one array per output. `progress` hears of finished samples and their total.
  public func predict(
    _ arrays: [TensorData], batchSize: Int = 32, progress: (Int, Int) -> Void = { _, _ in }
  ) throws(KerasKitError) -> [TensorData] {
    let fitted = try fitted(arrays)
    return try KerasKitError.wrap {
      try readyPredictor().run(fitted, names: inputs.map(\.name), batchSize: batchSize, progress: progress)
    }
  }

  /// The predictor of the last call if nothing has changed since.
  func readyPredictor() throws -> Predictor {
    let predictor = try self.predictor ?? Predictor(lowered, weights: ModelWeights(loaded), options: engineOptions)
    self.predictor = predictor
    predictor.keepsWeights = keepsWeights
    return predictor
  }

  /// Predicts for arrays by name: each input's own name, else `x`, or `x0`, `x1` … in order.
  public func predict(
    _ arrays: [String: TensorData], batchSize: Int = 32, progress: (Int, Int) -> Void = { _, _ in }
  ) throws(KerasKitError) -> [TensorData] {
    try predict(try inOrder(arrays), batchSize: batchSize, progress: progress)
  }

  /// The loss, each regularization term and the metrics on data, by the rules of the release that saved the model.
  public func evaluate(
    _ data: any SampleSource, batchSize: Int = 32, options: TrainingOptions? = nil
  ) throws(KerasKitError) -> Evaluation {
    try KerasKitError.wrap {
      var options = options ?? TrainingOptions()
      options.threads = threads
      options.sharesWorkFrom = sharesWorkFrom
      return try Trainer(model: loaded, options: options).evaluate(data, batchSize: batchSize)
    }
  }

  // MARK: Writing and auditing

  /// Writes the model as its name's ending says (`.keras`, `.h5`); the notes say what had to be said differently.
  ///
  /// `batchSize` is that of training, by which current Keras divides activity penalties.
  @discardableResult
  public func save(
    to path: String, activitySemantics: ActivitySemantics = .asSaved, batchSize: Int? = nil
  ) throws(KerasKitError) -> [ExportNote] {
    try KerasKitError.wrap {
      let (loaded, notes) = forExport()
      let options = ExportOptions(activitySemantics: activitySemantics, batchSize: batchSize)
      return try Exporters.export(loaded, to: path, options: options) + notes
    }
  }

  /// The model as exporters take it, its optimizer's state read, with what there is to say of that.
  public func forExport() -> (model: LoadedModel, notes: [ExportNote]) {
    guard loaded.optimizerState == nil else { return (loaded, []) }
    var read = loaded
    do throws(OptimizerState.Unreadable) {
      read.optimizerState = try OptimizerState.stored(in: loaded)
      return (read, [])
    } catch {
      return (loaded, [ExportNote(.warning, "the optimizer's state was not read: \(error)")])
    }
  }

  /// Throws what `save` would throw of the model and the path's name, and writes nothing.
  public func checkSave(to path: String) throws(KerasKitError) {
    try KerasKitError.wrap { try Exporters.forFile(path).check(loaded, options: ExportOptions()) }
  }

  /// Writes the model in the format of the release that saved it, for the program it came from.
  ///
  /// Throws if the model did not come as a whole HDF5 model; `canSaveAsSource` tells.
  @discardableResult
  public func saveAsSource(to path: String) throws(KerasKitError) -> [ExportNote] {
    try KerasKitError.wrap { try SourceLayoutExporter().export(loaded, to: path) }
  }

  /// Whether `saveAsSource` can write this model.
  public var canSaveAsSource: Bool { SourceLayoutExporter().canWrite(loaded) }

  /// What the file meant when it was saved, and what it means now.
  public func audit() -> AuditReport { Audit.run(loaded.source, mappings: loaded.options.mappings) }
}
