import KerasKit

/// An audit as one page that needs nothing else: no network, sortable and filterable by a script that stands in it.
///
/// The page forbids itself everything but its own style and script, by their checksums: what names from files contain is
/// text and can be nothing else. Without scripts it is a long table.
enum AuditPage {
  static func html(_ outcome: AuditOutcome) -> String {
    """
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '\(AuditPageStyle.checksum)'; script-src '\(AuditPageScript.checksum)'; base-uri 'none'; form-action 'none'">
    <title>Keras model audit</title><style>\(AuditPageStyle.css)</style></head><body><main>
    <header><h1>Keras model audit</h1><p>\(HTML.escaped(outcome.sentence)) Meanings are compared with those of \(HTML.escaped(outcome.target.description)).</p></header>
    \(tiles(outcome))\(byRule(outcome))\(findings(outcome))\(clean(outcome))</main><script>\(AuditPageScript.source)</script></body></html>

    """
  }

  private static func tiles(_ outcome: AuditOutcome) -> String {
    var items = [("files", outcome.reports.count, ""), ("with findings", outcome.hit.count, "")]
    for severity in Severity.allCases.reversed() {
      items.append((severity.rawValue + "s", outcome.findings.count { $0.severity == severity }, severity.rawValue))
    }
    let cells = items.map { name, count, style in
      "<div class=\"tile \(style)\"><b>\(NumberText.grouped(count))</b><span>\(name)</span></div>"
    }
    return "<section class=\"tiles\">\(cells.joined())</section>\n"
  }

  private static func byRule(_ outcome: AuditOutcome) -> String {
    guard !outcome.findings.isEmpty else { return "" }
    var rows = ""
    for row in outcome.byRule {
      rows +=
        "<tr><td data-key=\"\(rank(row.severity))\">\(badge(row.severity))</td><td><code>\(HTML.escaped(row.rule))</code></td>"
      rows += "<td>\(HTML.escaped(AuditRegistry.rule(row.rule)?.title ?? ""))</td>"
      rows += "<td class=\"n\">\(row.findings)</td><td class=\"n\">\(row.files)</td></tr>\n"
    }
    return """
      <section><h2>By rule</h2><div class="wide"><table class="sortable">
      <thead><tr>\(heads("severity", "rule", "what it is about", "findings", "files"))</tr></thead>
      <tbody>
      \(rows)</tbody></table></div></section>

      """
  }

  private static func findings(_ outcome: AuditOutcome) -> String {
    guard !outcome.findings.isEmpty else { return "" }
    var rows = ""
    for report in outcome.hit { for finding in report.findings { rows += row(finding, report) } }
    let boxes = Severity.allCases.reversed().map { severity in
      "<label><input type=\"checkbox\" value=\"\(severity.rawValue)\" checked> \(severity.rawValue)</label>"
    }
    return """
      <section><h2>Findings</h2>
      <div class="filter" hidden><input type="search" id="words" placeholder="file, rule, layer or text" aria-label="Show findings with these words">\(boxes.joined())<output id="shown"></output></div>
      <div class="wide"><table class="sortable" id="findings">
      <thead><tr>\(heads("severity", "rule", "file", "layer", "finding"))</tr></thead>
      <tbody>
      \(rows)</tbody></table></div></section>

      """
  }

  private static func row(_ finding: Finding, _ report: AuditReport) -> String {
    var details = ""
    for (label, text) in [
      ("at", AuditMarkdown.place(finding)), ("then", finding.meantWhenSaved), ("now", finding.meansNow),
      ("do", finding.advice),
    ] where !text.isEmpty {
      details += "<dt>\(label)</dt><dd>\(HTML.escaped(text))</dd>"
    }
    return "<tr data-severity=\"\(finding.severity.rawValue)\"><td data-key=\"\(rank(finding.severity))\">"
      + "\(badge(finding.severity))</td><td><code>\(HTML.escaped(finding.rule))</code></td>"
      + "<td class=\"file\">\(HTML.escaped(report.file))<small>\(HTML.escaped(AuditMarkdown.stamps(report)))</small></td>"
      + "<td class=\"layer\">\(HTML.escaped(finding.layer ?? ""))</td><td>\(HTML.escaped(finding.summary))"
      + (details.isEmpty ? "" : "<details><summary>more</summary><dl>\(details)</dl></details>") + "</td></tr>\n"
  }

  private static func clean(_ outcome: AuditOutcome) -> String {
    let files = outcome.reports.filter(\.findings.isEmpty).map { "<li>\(HTML.escaped($0.file))</li>" }
    guard !files.isEmpty else { return "" }
    return """
      <section><details><summary>\(NumberText.grouped(files.count)) without findings</summary><ul class="clean">
      \(files.joined(separator: "\n"))</ul></details></section>

      """
  }

  private static func heads(_ names: String...) -> String { names.map { "<th scope=\"col\">\($0)</th>" }.joined() }

  private static func badge(_ severity: Severity) -> String {
    "<span class=\"badge \(severity.rawValue)\">\(severity.rawValue)</span>"
  }

  /// Errors first.
  private static func rank(_ severity: Severity) -> Int {
    switch severity {
    case .error: 0
    case .warning: 1
    case .note: 2
    }
  }
}
