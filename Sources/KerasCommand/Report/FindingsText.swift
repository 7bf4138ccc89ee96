import KerasKit

/// An audit's findings for people.
enum FindingsText {
  static func text(_ report: AuditReport) -> String {
    var parts: [String] = []
    let stamp = report.versionStamp.map { "keras_version \($0)" } ?? "no keras_version"
    let backend = report.backend.map { ", backend \($0)" } ?? ""
    parts.append(Terminal.colored(Terminal.printable(report.file), .bold) + " (\(Terminal.printable(stamp + backend)))")
    for finding in report.findings { parts.append(text(finding)) }
    parts.append(summary(report))
    return parts.joined(separator: "\n\n")
  }

  private static func text(_ finding: Finding) -> String {
    let label = finding.severity.rawValue
    let color: Terminal.Color =
      switch finding.severity {
      case .error: .red
      case .warning: .yellow
      case .note: .blue
      }
    var lines = [
      Terminal.colored(label, color) + " " + Terminal.colored(finding.rule, .bold)
        + (finding.layer.map { "  layer '\(Terminal.printable($0))'" } ?? "")
    ]
    lines.append(WrappedText.paragraph(label: "  ", finding.summary))
    let place = [finding.location.container ?? "", finding.location.pointer?.description ?? ""]
      .filter { !$0.isEmpty }.joined(separator: "#")
    lines.append(WrappedText.paragraph(label: "  at    ", place.isEmpty ? finding.location.file : place))
    for (label, text) in [
      ("  then  ", finding.meantWhenSaved), ("  now   ", finding.meansNow), ("  do    ", finding.advice),
    ] where !text.isEmpty {
      lines.append(WrappedText.paragraph(label: label, text))
    }
    return lines.joined(separator: "\n")
  }

  private static func summary(_ report: AuditReport) -> String {
    if report.findings.isEmpty { return "No findings." }
    let counts = Severity.allCases.reversed().compactMap { severity -> String? in
      let count = report.findings.count { $0.severity == severity }
      return count == 0 ? nil : "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
    }
    return counts.joined(separator: ", ") + ". `keraskit explain RULE` tells a rule's story."
  }
}
