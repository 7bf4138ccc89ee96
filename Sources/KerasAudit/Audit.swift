import KerasCore
import KerasFile
import KerasModel

/// What an audit of one file found.
public struct AuditReport: Sendable {
  public var file: String
  /// The release as stamped, and its backend.
  public var versionStamp: String?
  public var backend: String?
  /// Worst first, then in the order of the file.
  public var findings: [Finding]

  public init(file: String, versionStamp: String? = nil, backend: String? = nil, findings: [Finding]) {
    self.file = file
    self.versionStamp = versionStamp
    self.backend = backend
    self.findings = findings
  }

  /// The worst severity found.
  public var worst: Severity? { findings.map(\.severity).max() }

  /// The report for scripts.
  public var json: JSON {
    [
      "file": .string(file), "keras_version": versionStamp.map { .string($0) } ?? .null,
      "backend": backend.map { .string($0) } ?? .null, "findings": .array(findings.map(\.json)),
    ]
  }
}

/// Runs the rules over a file's config.
public enum Audit {
  /// Audits the file or folder at `path`; never throws.
  ///
  /// The rules about containers run whether the file opens or not. What cannot be opened, and any part of a file that could
  /// not be looked at, is a finding of severity error (`unreadable-file`).
  public static func file(
    _ path: String, rules: [any AuditRule] = AuditRegistry.rules, mappings: [ObjectMapping] = [],
    target: Release = .current, open: (String) throws -> ModelSource = { try ModelFile.open($0) }
  ) -> AuditReport {
    files([path], rules: rules, mappings: mappings, target: target) { try open(path) }
  }

  /// Audits the files that make one model together, its architecture and its weights; never throws.
  public static func files(
    _ paths: [String], rules: [any AuditRule] = AuditRegistry.rules, mappings: [ObjectMapping] = [],
    target: Release = .current, open: () throws -> ModelSource
  ) -> AuditReport {
    let files = paths.map { AuditedFile($0) }
    var findings = files.flatMap { file in rules.flatMap { ($0 as? any FileRule)?.check(file) ?? [] } }
    do {
      let source = try open()
      var report = run(source, rules: rules, mappings: mappings, target: target)
      // A second model in the same file is one that another reader loads.
      let read = [source.config, source.trainingConfig]
      for file in files {
        for document in file.documents where document.isWhole && !read.contains(document.json) {
          findings += text(document, of: file, rules: rules, target: target)
        }
        findings += UnreadableFile.findings(file)
      }
      report.findings = worstFirst(findings + report.findings)
      return report
    } catch {
      for file in files {
        for document in file.documents { findings += text(document, of: file, rules: rules, target: target) }
        findings += UnreadableFile.findings(file, refusal: "\(error)")
      }
      return AuditReport(file: paths.first ?? "", findings: worstFirst(findings))
    }
  }

  /// What the rules that read saved texts find in a config of a file that does not open, or does not open as this one.
  private static func text(
    _ document: AuditedFile.Document, of file: AuditedFile, rules: [any AuditRule], target: Release
  ) -> [Finding] {
    let source = ModelSource(
      file: file.path, format: .json, config: document.json, configContainer: document.container,
      versionStamp: document.json["keras_version"]?.stringValue)
    return text(source, rules: rules, target: target)
  }

  private static func text(_ source: ModelSource, rules: [any AuditRule], target: Release) -> [Finding] {
    let subject = AuditSubject(
      source: source, canonical: CanonicalModel(config: .object([:]), version: source.version, backend: source.backend),
      target: target)
    return rules.filter { $0 is any SavedTextRule }.flatMap { $0.check(subject) }
  }

  /// Each finding once, the worst first, then in the order of the file.
  private static func worstFirst(_ findings: [Finding]) -> [Finding] {
    var seen: Set<Finding> = []
    return findings.filter { seen.insert($0).inserted }.enumerated().sorted {
      $0.element.severity != $1.element.severity
        ? $0.element.severity > $1.element.severity : $0.offset < $1.offset
    }.map(\.element)
  }

  /// Audits what `source` says; weights are not read.
  ///
  /// A config that cannot be understood is itself a finding of severity error (`unreadable-config`): never a clean report.
  public static func run(
    _ source: ModelSource, rules: [any AuditRule] = AuditRegistry.rules, mappings: [ObjectMapping] = [],
    target: Release = .current
  ) -> AuditReport {
    var findings = source.diagnostics.map { Finding($0, source: source) }
    guard source.config != nil || !source.hasWeights else {
      findings.append(weightsOnly(source))
      return AuditReport(
        file: source.file, versionStamp: source.versionStamp, backend: source.backend, findings: findings)
    }
    do {
      let subject = AuditSubject(
        source: source, canonical: try EraUpgrade.upgrade(source, mappings: mappings), target: target)
      for rule in rules { findings += rule.check(subject) }
      let known = Set(findings.map(\.rule))
      findings += subject.canonical.diagnostics.filter { !known.contains($0.rule) }
        .map { Finding($0, source: source) }
    } catch {
      findings += unreadable(source, error, rules: rules, target: target)
    }
    return AuditReport(
      file: source.file, versionStamp: source.versionStamp ?? source.config?["keras_version"]?.stringValue,
      backend: source.backend ?? source.config?["backend"]?.stringValue, findings: worstFirst(findings))
  }

  /// Of a file without an architecture, as `save_weights` writes it.
  private static func weightsOnly(_ source: ModelSource) -> Finding {
    Finding(
      rule: "weights-only", severity: .note, location: SourceLocation(file: source.file),
      summary: "The file holds weights only, so the rules about layers had nothing to read.",
      advice: "Audit the architecture they belong to, with --config ARCHITECTURE --weights FILE to see both together.")
  }

  /// What can still be said of a config that the upgrade refused: the refusal, and the rules that read the saved text.
  private static func unreadable(
    _ source: ModelSource, _ error: ModelError, rules: [any AuditRule], target: Release
  ) -> [Finding] {
    let refusal = Finding(
      rule: "unreadable-config", severity: .error, layer: error.layer,
      location: error.location ?? SourceLocation(file: source.file, container: source.configContainer),
      summary: "The config cannot be understood as a whole, so rules about single layers could not run: "
        + error.inFile(source.file).description,
      advice: "Correct or replace what is named; until then this file is not known to be sound.")
    return [refusal] + text(source, rules: rules, target: target)
  }
}

extension ModelSource {
  fileprivate var hasWeights: Bool {
    if case .none = weights { return false }
    return true
  }
}

extension Finding {
  init(_ diagnostic: Diagnostic, source: ModelSource) {
    self.init(
      rule: diagnostic.rule, severity: diagnostic.severity, layer: diagnostic.layer,
      location: diagnostic.location ?? SourceLocation(file: source.file, container: source.configContainer),
      summary: diagnostic.message)
  }
}
