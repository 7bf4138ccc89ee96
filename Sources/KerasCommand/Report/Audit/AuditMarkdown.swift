import KerasKit

/// An audit as Markdown, as a comment on a change or a page of a wiki shows it.
enum AuditMarkdown {
  static func text(_ outcome: AuditOutcome) -> String {
    var parts = ["# Keras model audit", escaped(outcome.sentence)]
    if !outcome.findings.isEmpty {
      var lines = ["| rule | severity | findings | files |", "|---|---|---:|---:|"]
      for row in outcome.byRule {
        lines.append("| \(escaped(row.rule)) | \(row.severity.rawValue) | \(row.findings) | \(row.files) |")
      }
      parts.append(lines.joined(separator: "\n"))
    }
    for report in outcome.hit {
      parts.append("## \(escaped(report.file))")
      parts.append(escaped(stamps(report)))
      parts += report.findings.map { section($0) }
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  static func stamps(_ report: AuditReport) -> String {
    (report.versionStamp.map { "keras_version \($0)" } ?? "no keras_version")
      + (report.backend.map { ", backend \($0)" } ?? "")
  }

  private static func section(_ finding: Finding) -> String {
    var lines = [
      "- **\(finding.severity.rawValue)** \(escaped(finding.rule))"
        + (finding.layer.map { ", layer \(escaped($0))" } ?? "") + ": \(escaped(finding.summary))"
    ]
    for (label, text) in [
      ("at", place(finding)), ("then", finding.meantWhenSaved), ("now", finding.meansNow), ("do", finding.advice),
    ] where !text.isEmpty {
      lines.append("  - *\(label)* \(escaped(text))")
    }
    return lines.joined(separator: "\n")
  }

  /// The place inside the file.
  static func place(_ finding: Finding) -> String {
    [finding.location.container ?? "", finding.location.pointer?.description ?? ""]
      .filter { !$0.isEmpty }.joined(separator: "#")
  }

  /// A text that stays text: names from files must not become links, images, HTML or another list.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "@": result += "&#64;"
      case "\\", "`", "*", "_", "[", "]", "|", "~", "!", "#", "$":
        result += "\\"
        result.unicodeScalars.append(scalar)
      case ":" where result.hasSuffix("http") || result.hasSuffix("https"): result += "&#58;"
      case let other where other.value < 0x20 || other.value == 0x7f: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
