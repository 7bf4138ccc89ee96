import KerasCore

extension Finding {
  /// Reads what `json` wrote; `nil` if a field is missing or of another kind.
  public init?(_ json: JSON) {
    guard let rule = json["rule"]?.stringValue, let summary = json["summary"]?.stringValue,
      let severity = json["severity"]?.stringValue.flatMap({ Severity(rawValue: $0) }),
      let location = json["location"].flatMap({ SourceLocation($0) })
    else { return nil }
    self.init(
      rule: rule, severity: severity, layer: json["layer"]?.stringValue, location: location, summary: summary,
      meantWhenSaved: json["meant_when_saved"]?.stringValue ?? "", meansNow: json["means_now"]?.stringValue ?? "",
      advice: json["advice"]?.stringValue ?? "")
  }
}

extension SourceLocation {
  fileprivate init?(_ json: JSON) {
    guard let file = json["file"]?.stringValue else { return nil }
    self.init(
      file: file, container: json["container"]?.stringValue,
      pointer: json["pointer"]?.stringValue.map { JSONPointer(parsing: $0) })
  }
}

extension AuditReport {
  /// Reads what `json` wrote; `nil` if a field is missing or of another kind.
  public init?(_ json: JSON) {
    guard let file = json["file"]?.stringValue, let listed = json["findings"]?.arrayValue else { return nil }
    let findings = listed.compactMap { Finding($0) }
    guard findings.count == listed.count else { return nil }
    self.init(
      file: file, versionStamp: json["keras_version"]?.stringValue, backend: json["backend"]?.stringValue,
      findings: findings)
  }
}
