import DataFiles
import KerasCore
import KerasEngine
import KerasExport
import KerasFile
import KerasGraph
import KerasModel
import KerasTraining

/// Why something could not be done with a model; the text names file, layer and field.
public enum KerasKitError: Error, Sendable, CustomStringConvertible {
  case file(KerasFileError)
  case model(ModelError)
  case graph(GraphError)
  case engine(EngineError)
  case training(TrainingError)
  case edit(EditError)
  case export(ExportError)
  case dataFile(DataFileError)
  case data(TensorDataError)
  /// The data lacks an array for an input.
  case missingInput(String, available: [String])
  case inputShape(String, expected: Shape, found: Shape)
  /// Arrays of one call with different numbers of samples.
  case sampleCount(String, expected: Int, found: Int)
  /// A request that no data could satisfy: a batch size of zero, a file name without a known ending.
  case badRequest(String)

  public var description: String {
    switch self {
    case .file(let error): error.description
    case .model(let error): error.description
    case .graph(let error): error.description
    case .engine(let error): error.description
    case .training(let error): error.description
    case .edit(let error): error.description
    case .export(let error): error.description
    case .dataFile(let error): error.description
    case .data(let error): error.description
    case .missingInput(let name, let available):
      "no array for the input '\(name)'; there is \(available.isEmpty ? "none" : available.joined(separator: ", "))"
    case .inputShape(let name, let expected, let found):
      "the input '\(name)' needs shape \(expected), received \(found)"
    case .sampleCount(let name, let expected, let found):
      "the input '\(name)' has \(found) samples, the first has \(expected)"
    case .badRequest(let reason): reason
    }
  }

  /// Gives any error of the modules below this module's form.
  init(_ error: any Error) {
    self =
      switch error {
      case let error as KerasKitError: error
      case let error as KerasFileError: .file(error)
      case let error as ModelError: .model(error)
      case let error as GraphError: .graph(error)
      case let error as EngineError: .engine(error)
      case let error as TrainingError: .training(error)
      case let error as EditError: .edit(error)
      case let error as ExportError: .export(error)
      case let error as DataFileError: .dataFile(error)
      case let error as TensorDataError: .data(error)
      default: .badRequest("\(error)")
      }
  }

  /// Runs `body` and gives what it throws this module's form.
  static func wrap<Result>(_ body: () throws -> Result) throws(KerasKitError) -> Result {
    do { return try body() } catch { throw KerasKitError(error) }
  }
}
