import KerasKit

/// An audit for people who read it on a terminal.
enum AuditText {
  static func text(_ outcome: AuditOutcome) -> String {
    if outcome.isSingle, let report = outcome.reports.first {
      let text = FindingsText.text(report)
      return outcome.accepted == 0 ? text : text + " \(outcome.accepted) more accepted by the baseline."
    }
    var parts: [String] = []
    for report in outcome.hit {
      parts.append(FindingsText.header(report))
      parts += FindingsText.findings(report)
    }
    if !outcome.findings.isEmpty {
      var table = TextTable(("rule", .left), ("severity", .left), ("findings", .right), ("files", .right))
      for row in outcome.byRule {
        table.add(row.rule, row.severity.rawValue, NumberText.grouped(row.findings), NumberText.grouped(row.files))
      }
      parts.append(table.text)
    }
    parts.append(
      outcome.sentence + (outcome.findings.isEmpty ? "" : " `keraskit explain RULE` tells a rule's story."))
    return parts.joined(separator: "\n\n")
  }

  /// The text without colours, for a file.
  static func plain(_ text: String) -> String {
    // Escapes in names from files were made harmless before: all that are left are ours.
    var result = ""
    var rest = text[...]
    while let escape = rest.firstIndex(of: "\u{1b}") {
      result += rest[..<escape]
      rest = rest[escape...].drop { $0 != "m" }.dropFirst()
    }
    return result + rest
  }
}

/// An audit for scripts.
enum AuditJSON {
  /// One model's report, or all reports with a summary.
  static func json(_ outcome: AuditOutcome) -> JSON {
    if outcome.isSingle, let report = outcome.reports.first { return report.json }
    let counts = Severity.allCases.map { severity in
      (severity.rawValue + "s", JSON(outcome.findings.count { $0.severity == severity }))
    }
    var summary: JSON = [
      "files": JSON(outcome.reports.count), "files_with_findings": JSON(outcome.hit.count),
      "other_files": JSON(outcome.others), "links_not_followed": JSON(outcome.links),
      "accepted": JSON(outcome.accepted),
    ]
    if case .object(var members) = summary {
      for (name, count) in counts { members[name] = count }
      members["by_rule"] = .array(
        outcome.byRule.map { row in
          [
            "rule": .string(row.rule), "severity": .string(row.severity.rawValue), "findings": JSON(row.findings),
            "files": JSON(row.files),
          ]
        })
      summary = .object(members)
    }
    return ["reports": .array(outcome.reports.map(\.json)), "summary": summary]
  }
}
