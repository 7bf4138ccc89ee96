import KerasCore
import KerasEngine
import KerasGraph
import KerasModel

/// What kept a model from being evaluated or trained, in terms a user can act on.
public enum TrainingError: Error, Sendable, CustomStringConvertible {
  /// The file holds no training configuration and none was given.
  case notCompiled
  case unknownLoss(String, known: [String])
  /// Custom losses of the file, all of them, and the custom metrics beside them.
  case unknownObjects(losses: [String], metrics: [String], known: [String])
  case unknownOptimizer(String, known: [String])
  case unknownMetric(String, known: [String])
  /// A field of the training configuration that cannot be followed.
  case unsupported(field: String, reason: String)
  /// The training configuration names an output the model does not have, or leaves one out.
  case outputs(expected: [String], found: [String])
  /// The data lacks an array.
  case missingData(String, available: [String])
  case dataShape(name: String, expected: Shape, found: Shape)
  /// Arrays that should have one row per sample have different numbers of rows.
  case sampleCount(name: String, expected: Int, found: Int)
  case noSamples
  case nothingToTrain
  /// A pattern of layers to be frozen or unfrozen that matches none.
  case noSuchLayer(pattern: String, available: [String])
  /// A loss that is no finite number: the epoch and step (from 1), and the layer whose result first was not finite.
  case notFinite(loss: Float, epoch: Int, step: Int, layer: String?)
  /// A gradient that is not finite though the loss is: of the last variable, in the layers' order, that has one; and the
  /// first layer whose result is not finite, if there is one.
  case gradientNotFinite(variable: String, layer: String?, epoch: Int, step: Int)
  /// A weight that an update made infinite or NaN.
  case weightNotFinite(variable: String, epoch: Int, step: Int)
  /// A callback watches something that training does not report.
  case unknownMonitor(String, available: [String])
  case checkpoint(path: String, reason: String)
  /// What is computed once for each sample cannot be kept.
  case cache(folder: String, reason: String)
  /// Bytes that a step takes at least, and those it may (`TrainingOptions.memoryLimit`).
  case memoryLimit(needed: Int, limit: Int, batchSize: Int)
  /// What a source of samples threw.
  case source(any Error)
  case model(ModelError)
  case graph(GraphError)
  case engine(EngineError)
  case data(TensorDataError)

  /// Whether training came to numbers that are infinite or NaN.
  public var isNotFinite: Bool {
    switch self {
    case .notFinite, .gradientNotFinite, .weightNotFinite: true
    default: false
    }
  }

  public var description: String {
    switch self {
    case .notCompiled: "the file holds no training configuration: a loss and an optimizer must be given"
    case .unknownLoss(let name, let known): "unknown loss '\(name)'; known: \(known.joined(separator: ", "))"
    case .unknownObjects(let losses, let metrics, let known):
      "the file's training configuration names custom functions: "
        + (losses.map { "loss '\($0)'" } + metrics.map { "metric '\($0)'" }).joined(separator: ", ")
        + "; give --loss NAME in place of the file's, or bind each: "
        + losses.map { "--map '\($0)=mse'" }.joined(separator: " ")
        + " (an expression over y_true and y_pred, or one of: \(known.joined(separator: ", ")))"
    case .unknownOptimizer(let name, let known):
      "unknown optimizer '\(name)'; known: \(known.joined(separator: ", "))"
    case .unknownMetric(let name, let known): "unknown metric '\(name)'; known: \(known.joined(separator: ", "))"
    case .unsupported(let field, let reason): "the training configuration's '\(field)': \(reason)"
    case .outputs(let expected, let found):
      "losses are given for \(found.joined(separator: ", ")), the model's outputs are \(expected.joined(separator: ", "))"
    case .missingData(let name, let available):
      "the data has no array '\(name)'; it has \(available.isEmpty ? "none" : available.joined(separator: ", "))"
    case .dataShape(let name, let expected, let found): "the array '\(name)' needs shape \(expected), received \(found)"
    case .sampleCount(let name, let expected, let found):
      "the array '\(name)' has \(found) samples, the others have \(expected)"
    case .noSamples: "the data has no samples"
    case .noSuchLayer(let pattern, let available):
      "no layer matches '\(pattern)'; there is \(available.prefix(24).joined(separator: ", "))"
        + (available.count > 24 ? " and \(available.count - 24) more" : "")
    case .nothingToTrain: "no weight of the model is trainable"
    case .notFinite(let loss, let epoch, let step, let layer):
      "the loss became \(loss) in epoch \(epoch), step \(step)"
        + (layer.map { "; the first layer with such values is '\($0)'" } ?? "")
    case .gradientNotFinite(let variable, let layer, let epoch, let step):
      "the gradient of '\(variable)' became infinite or NaN in epoch \(epoch), step \(step); "
        + (layer.map { "the first layer with such values is '\($0)'" }
          ?? "its layer is the last in order with such a gradient")
    case .weightNotFinite(let variable, let epoch, let step):
      "the weight '\(variable)' became infinite or NaN in epoch \(epoch), by the update of step \(step)"
    case .unknownMonitor(let name, let available):
      "training does not report '\(name)'; it reports \(available.joined(separator: ", "))"
    case .checkpoint(let path, let reason): "\(path): \(reason)"
    case .cache(let folder, let reason):
      "\(folder): results of frozen layers cannot be kept there: \(reason); without keeping them: --cache-limit 0"
    case .memoryLimit(let needed, let limit, let batchSize):
      "a step on \(batchSize) samples takes \(Self.megabytes(needed)) MB of memory even where results are computed again "
        + "for their gradients, and the limit is \(Self.megabytes(limit)) MB: "
        + (batchSize > 1 ? "smaller batches take less (--batch-size, or --batch of benchmark), or " : "")
        + "allow more (--memory-limit)"
    case .source(let error): "\(error)"
    case .model(let error): error.description
    case .graph(let error): error.description
    case .engine(let error): error.description
    case .data(let error): error.description
    }
  }
}

extension TrainingError {
  /// Rounded up.
  private static func megabytes(_ bytes: Int) -> Int { bytes / 1_000_000 + (bytes % 1_000_000 > 0 ? 1 : 0) }
}

/// Runs `body` and reports what it throws as a `TrainingError`.
func graphStep<Result>(_ body: () throws(GraphError) -> Result) throws(TrainingError) -> Result {
  do { return try body() } catch { throw .graph(error) }
}

func engineStep<Result>(_ body: () throws(EngineError) -> Result) throws(TrainingError) -> Result {
  do { return try body() } catch { throw .engine(error) }
}

func modelStep<Result>(_ body: () throws(ModelError) -> Result) throws(TrainingError) -> Result {
  do { return try body() } catch { throw .model(error) }
}

func dataStep<Result>(_ body: () throws(TensorDataError) -> Result) throws(TrainingError) -> Result {
  do { return try body() } catch { throw .data(error) }
}
