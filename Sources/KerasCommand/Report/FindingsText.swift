import KerasKit

/// An audit's findings for people.
enum FindingsText {
  static func text(_ report: AuditReport) -> String {
    var parts = [header(report)] + findings(report)
    parts.append(summary(report))
    return parts.joined(separator: "\n\n")
  }

  /// The file and its stamps.
  static func header(_ report: AuditReport) -> String {
    let stamp = report.versionStamp.map { "keras_version \($0)" } ?? "no keras_version"
    let backend = report.backend.map { ", backend \($0)" } ?? ""
    return Terminal.colored(Terminal.printable(report.file), .bold) + " (\(Terminal.printable(stamp + backend)))"
  }

  /// What is said of the file, one part for all layers that the same is said of.
  static func findings(_ report: AuditReport) -> [String] { grouped(report.findings).map { text($0) } }

  /// The findings that say the same of several layers, together, in the order of the first.
  private static func grouped(_ findings: [Finding]) -> [[Finding]] {
    var groups: [[Finding]] = []
    var places: [[String]: Int] = [:]
    for finding in findings {
      let key = [
        finding.rule, finding.severity.rawValue, finding.summary, finding.meantWhenSaved, finding.meansNow,
        finding.advice, finding.location.file,
      ]
      if let index = places[key] {
        groups[index].append(finding)
      } else {
        places[key] = groups.count
        groups.append([finding])
      }
    }
    return groups
  }

  /// What is said of one layer, or once of all that it is said of.
  private static func text(_ group: [Finding]) -> String {
    let finding = group[0]
    let label = finding.severity.rawValue
    var lines = [
      Terminal.colored(label, color(finding.severity)) + " " + Terminal.colored(finding.rule, .bold)
        + (finding.layer.map { "  layer '\(Terminal.printable($0))'" } ?? "")
    ]
    lines.append(WrappedText.paragraph(label: "  ", finding.summary))
    let place = [finding.location.container ?? "", finding.location.pointer?.description ?? ""]
      .filter { !$0.isEmpty }.joined(separator: "#")
    lines.append(WrappedText.paragraph(label: "  at    ", place.isEmpty ? finding.location.file : place))
    if group.count > 1 {
      let others = group.dropFirst().compactMap { $0.layer.map(Terminal.printable) }
      let shown = others.prefix(5).joined(separator: ", ") + (others.count > 5 ? " …" : "")
      lines.append(
        WrappedText.paragraph(
          label: "        ",
          "and \(group.count - 1) more" + (shown.isEmpty ? "" : ": \(shown)")
            + "; --format json has every place"))
    }
    for (label, text) in [
      ("  then  ", finding.meantWhenSaved), ("  now   ", finding.meansNow), ("  do    ", finding.advice),
    ] where !text.isEmpty {
      lines.append(WrappedText.paragraph(label: label, text))
    }
    return lines.joined(separator: "\n")
  }

  static func color(_ severity: Severity) -> Terminal.Color {
    switch severity {
    case .error: .red
    case .warning: .yellow
    case .note: .blue
    }
  }

  private static func summary(_ report: AuditReport) -> String {
    if report.findings.isEmpty { return "No findings." }
    return counts(report.findings) + ". `keraskit explain RULE` tells a rule's story."
  }

  /// `2 errors, 1 note`.
  static func counts(_ findings: [Finding]) -> String {
    Severity.allCases.reversed().compactMap { severity -> String? in
      let count = findings.count { $0.severity == severity }
      return count == 0 ? nil : "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
    }.joined(separator: ", ")
  }
}
