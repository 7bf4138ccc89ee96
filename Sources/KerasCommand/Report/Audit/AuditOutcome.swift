import KerasKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What an audit of one or many files came to, for all formats.
struct AuditOutcome {
  /// In the order of the paths; those without findings too.
  var reports: [AuditReport]
  /// One model was asked about, not a folder or an archive.
  var isSingle: Bool
  /// Files that are no models.
  var others: Int
  /// Symbolic links that were not followed.
  var links: Int
  /// Findings that the baseline accepts, which the reports no longer hold.
  var accepted = 0
  var target: Release
  /// Where `docs/rules.md` is published, if it is.
  var rulesURL: String?

  var findings: [Finding] { reports.flatMap(\.findings) }

  var hit: [AuditReport] { reports.filter { !$0.findings.isEmpty } }

  /// A rule's findings in numbers.
  struct RuleCount {
    var rule: String
    var severity: Severity
    var findings = 0
    var files = 0
  }

  /// One row a rule and severity, worst first, then the most frequent.
  var byRule: [RuleCount] {
    struct Key: Hashable {
      var rule: String
      var severity: Severity
    }
    var counts: [Key: RuleCount] = [:]
    for report in reports {
      var seen: Set<Key> = []
      for finding in report.findings {
        let key = Key(rule: finding.rule, severity: finding.severity)
        counts[key, default: RuleCount(rule: finding.rule, severity: finding.severity)].findings += 1
        if seen.insert(key).inserted { counts[key]?.files += 1 }
      }
    }
    return counts.values.sorted {
      ($1.severity, $1.findings, $0.rule) < ($0.severity, $0.findings, $1.rule)
    }
  }

  /// One sentence: how much was looked at.
  var sentence: String {
    func number(_ count: Int, _ one: String, _ many: String) -> String {
      "\(NumberText.grouped(count)) \(count == 1 ? one : many)"
    }
    var parts = [
      number(reports.count, "file", "files") + " audited, \(NumberText.grouped(hit.count)) with findings"
        + (findings.isEmpty ? "" : " (\(FindingsText.counts(findings)))")
    ]
    if others > 0 { parts.append(number(others, "other file", "other files") + " passed over") }
    if links > 0 { parts.append(number(links, "link", "links") + " not followed") }
    if accepted > 0 { parts.append(number(accepted, "finding", "findings") + " accepted by the baseline") }
    return parts.joined(separator: "; ") + "."
  }

  /// A name that is the same on every machine: relative to the working folder if the file lies below it.
  static func relative(_ file: String) -> String {
    var file = file
    while file.hasPrefix("./") { file = String(file.dropFirst(2).drop { $0 == "/" }) }
    guard file.hasPrefix("/"), !workingFolder.isEmpty, file.hasPrefix(workingFolder + "/") else { return file }
    return String(file.dropFirst(workingFolder.count + 1))
  }

  private static let workingFolder: String = {
    guard let path = getcwd(nil, 0) else { return "" }
    defer { free(path) }
    return String(cString: path)
  }()
}
