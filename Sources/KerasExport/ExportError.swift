import KerasCore
import KerasFile
import KerasModel

/// Why a model could not be written in a format: which layer, what it says, and why the target cannot compute it.
public struct ExportError: Error, Sendable, CustomStringConvertible {
  public enum Cause: Sendable {
    case file(KerasFileError)
    case model(ModelError)
    /// The target has no equivalent that computes the same.
    case notExpressible(what: String, reason: String)
    /// No exporter writes files of this name.
    case unknownFormat(path: String, known: [String])
    /// The canonical config does not have the form it promises.
    case malformed(String)
    /// A value the user has to give.
    case missingOption(String)
  }

  public var cause: Cause
  public var layer: String?

  public init(_ cause: Cause, layer: String? = nil) {
    self.cause = cause
    self.layer = layer
  }

  /// What an exporter's own calls throw, as its error.
  public init(of error: any Error, layer: String? = nil) {
    switch error {
    case let own as ExportError: self = own
    case let error as ModelError: self.init(.model(error), layer: layer)
    case let error as KerasFileError: self.init(.file(error), layer: layer)
    default: self.init(.malformed("\(error)"), layer: layer)
    }
  }

  public var description: String {
    let prefix = layer.map { "layer '\($0)': " } ?? ""
    switch cause {
    case .file(let error): return error.description
    case .model(let error): return error.description
    case .notExpressible(let what, let reason): return "\(prefix)\(what) cannot be written: \(reason)"
    case .unknownFormat(let path, let known):
      return "\(path): no format is known by this name; known: \(known.joined(separator: ", "))"
    case .malformed(let reason): return "\(prefix)\(reason)"
    case .missingOption(let reason): return "\(prefix)\(reason)"
    }
  }
}
