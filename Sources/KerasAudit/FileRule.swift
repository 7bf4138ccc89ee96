import KerasCore

/// A rule about a container's own structure: what an archive, an HDF5 file or a text is made of, before anything is read.
///
/// It runs on files that cannot be opened too.
public protocol FileRule: AuditRule {
  func check(_ file: AuditedFile) -> [Finding]
}

extension FileRule {
  public func check(_ subject: AuditSubject) -> [Finding] { [] }

  /// A finding of this rule about a place in `file`.
  func finding(
    _ file: AuditedFile, _ container: String, _ summary: String, severity: Severity? = nil, then: String = "",
    now: String = "", advice: String? = nil
  ) -> Finding {
    Finding(
      rule: id, severity: severity ?? self.severity,
      location: SourceLocation(file: file.path, container: container.isEmpty ? nil : container), summary: summary,
      meantWhenSaved: then, meansNow: now, advice: advice ?? fix)
  }
}

/// A few names of many, for a sentence: `a, b, c and 12 more`.
func some(_ names: [String], limit: Int = 5) -> String {
  let shown = names.prefix(limit).joined(separator: ", ")
  return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
}
