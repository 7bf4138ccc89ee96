/// How serious a finding is.
public enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
  case note, warning, error

  public static func < (a: Severity, b: Severity) -> Bool {
    (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
  }
}

/// A place in a model file: container path (HDF5 object or zip member) and JSON pointer inside its config.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
  public var file: String
  /// As in `/ attribute model_config` of an HDF5 file or `config.json` of an archive.
  public var container: String?
  public var pointer: JSONPointer?

  public init(file: String, container: String? = nil, pointer: JSONPointer? = nil) {
    self.file = file
    self.container = container
    self.pointer = pointer
  }

  public var description: String {
    ([file] + [container, pointer?.description].compactMap { $0 }).joined(separator: "#")
  }
}

/// Something a reader of a model should know: what, where, and what to do.
public struct Diagnostic: Sendable, Hashable {
  /// The rule's slug, such as `act-reg-on-input`.
  public var rule: String
  public var severity: Severity
  /// The layer's path, such as `encoder/dense_1`, if one layer is meant.
  public var layer: String?
  public var location: SourceLocation?
  public var message: String

  public init(
    rule: String, severity: Severity, layer: String? = nil, location: SourceLocation? = nil, message: String
  ) {
    self.rule = rule
    self.severity = severity
    self.layer = layer
    self.location = location
    self.message = message
  }
}
