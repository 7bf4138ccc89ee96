/// Why a change to a model was not made: what was asked for, and what could have been.
public enum EditError: Error, Sendable, CustomStringConvertible {
  /// The text of an edit cannot be read.
  case syntax(String, reason: String)
  /// A pattern matches no layer; the paths of those that it could.
  case noSuchLayer(pattern: String, available: [String])
  /// No layer that the pattern matches has the regularizer; what each of them has.
  case noSuchRegularizer(pattern: String, field: String, available: [(layer: String, fields: [String])])
  /// The classifier cannot be replaced.
  case head(String)
  /// The augmentation cannot be put before the model.
  case augmentation(String)
  /// The edited model cannot be built.
  case model(ModelError)

  public var description: String {
    switch self {
    case .syntax(let text, let reason): return "'\(text)': \(reason)"
    case .noSuchLayer(let pattern, let available):
      return "no layer matches '\(pattern)'; there is \(Self.list(available))"
    case .noSuchRegularizer(let pattern, let field, let available):
      let fields = available.map { entry in
        "\(entry.layer) \(entry.fields.isEmpty ? "none" : entry.fields.joined(separator: ", "))"
      }
      return "'\(pattern)' has no \(field) regularizer; there is for \(Self.list(fields, separator: "; "))"
    case .head(let reason): return "the classifier cannot be replaced: \(reason)"
    case .augmentation(let reason): return "augmentation: \(reason)"
    case .model(let error): return error.description
    }
  }

  private static func list(_ names: [String], separator: String = ", ") -> String {
    if names.isEmpty { return "none" }
    let shown = names.prefix(24).joined(separator: separator)
    return names.count > 24 ? "\(shown)\(separator)and \(names.count - 24) more" : shown
  }
}
