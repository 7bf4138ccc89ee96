import KerasCore
import KerasGraph

/// What kept a graph from being compiled or run, and on whose behalf.
public struct EngineError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Cause: Sendable, Equatable {
    /// A value's shape is not fully known, or has more elements than memory can address.
    case unknownShape(op: String, Shape)
    case tooLarge(op: String, Shape)
    case outOfMemory(elements: Int)
    /// A training step takes more bytes than it may, also with results computed again for their gradients.
    case memoryLimit(needed: Int, limit: Int)
    /// The store has no array of that name.
    case missingParameter(String)
    /// A parameter's array could not be read when it was needed.
    case unreadableParameter(String, reason: String)
    case parameterShape(name: String, expected: Shape, found: Shape)
    case missingInput(String)
    case inputShape(name: String, expected: Shape, found: Shape)
    /// There is no input or output of that name or number.
    case noSuch(String)
    case unsupported(op: String, reason: String)
    /// A call of the numeric library failed.
    case library(operation: String, status: String)
    /// An index that is not a row of its table.
    case indexOutOfRange(index: Int, rows: Int)
    /// A category that a vocabulary does not have and that has no number outside it.
    case notInVocabulary(String)
    /// A number, as text, that should be an integer and that the engine's 32 bits do not hold.
    case integerOutOfRange(String)
    case graph(GraphError)
    case data(TensorDataError)
  }

  public var cause: Cause
  /// The layer that made the operation; empty if none did.
  public var scope: String

  public init(_ cause: Cause, scope: String = "") {
    self.cause = cause
    self.scope = scope
  }

  func inScope(_ scope: String) -> EngineError { self.scope.isEmpty ? EngineError(cause, scope: scope) : self }

  public var description: String {
    let what =
      switch cause {
      case .unknownShape(let op, let shape): "\(op): the shape \(shape) is not fully known"
      case .tooLarge(let op, let shape): "\(op): a result of shape \(shape) is too large for memory"
      case .outOfMemory(let elements): "there is no memory for \(elements) numbers"
      case .memoryLimit(let needed, let limit):
        "a step takes \(needed) bytes of memory, \(limit) are allowed"
      case .missingParameter(let name): "there are no weights named '\(name)'"
      case .unreadableParameter(let name, let reason): "the weights '\(name)': \(reason)"
      case .parameterShape(let name, let expected, let found):
        "the weights '\(name)' have shape \(found), the graph needs \(expected)"
      case .missingInput(let name): "no data for the input '\(name)'"
      case .inputShape(let name, let expected, let found): "the input '\(name)' needs shape \(expected), got \(found)"
      case .noSuch(let what): "there is no \(what)"
      case .unsupported(let op, let reason): "\(op): \(reason)"
      case .library(let operation, let status): "\(operation): oneDNN reports \(status)"
      case .indexOutOfRange(let index, let rows): "index \(index) is outside a table of \(rows) rows"
      case .notInVocabulary(let text): "'\(text)' is not in the vocabulary, and num_oov_indices is 0"
      case .integerOutOfRange(let number): "the number \(number) is beyond the integers that can be computed with"
      case .graph(let error): error.description
      case .data(let error): error.description
      }
    return scope.isEmpty ? what : "layer '\(scope)': \(what)"
  }
}
