import KerasKit

/// Models that real Keras releases wrote, for the rules' tests.
enum SavedModel {
  static var fixtures: String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/") + "/fixtures"
  }

  static func audit(fixture: String) throws -> AuditReport {
    Audit.run(try ModelFile.open("\(fixtures)/models/\(fixture)"))
  }

  static func source(config: String) throws -> ModelSource {
    try ModelFile.open("\(fixtures)/configs/\(config).json")
  }

  static func audit(config: String) throws -> AuditReport { Audit.run(try source(config: config)) }

  /// The same config as another release wrote it, character for character, or without a stamp.
  static func audit(config: String, stamped stamp: String?) throws -> AuditReport {
    var source = try source(config: config)
    Self.stamp(&source, stamp)
    return Audit.run(source)
  }

  /// Stamps a config with a release, or with none.
  static func stamp(_ source: inout ModelSource, _ stamp: String?) {
    source.versionStamp = stamp
    source.version = stamp.flatMap { KerasVersion($0) }
    var object = source.config?.objectValue ?? [:]
    object["keras_version"] = stamp.map { .string($0) }
    source.config = .object(object)
  }
}

extension AuditReport {
  func of(_ rule: String) -> [Finding] { findings.filter { $0.rule == rule } }
  func severities(_ rule: String) -> [Severity] { of(rule).map(\.severity) }
}
