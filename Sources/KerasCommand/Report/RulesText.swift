import KerasKit

/// The audit's rules with their stories, for `keraskit explain` and `docs/rules.md`.
enum RulesText {
  /// `docs/rules.md`.
  static var markdown: String {
    var parts = [
      """
      # Audit rules

      What `keraskit audit` looks for: \(AuditRegistry.rules.count) rules. Made by `keraskit explain --markdown`; \
      `keraskit explain RULE` prints one.
      """
    ]
    for family in RuleFamily.allCases {
      let rules = AuditRegistry.rules.filter { $0.family == family }
      guard !rules.isEmpty else { continue }
      parts.append("## \(family.rawValue)")
      parts += rules.map(section)
    }
    parts.append(unreported)
    return parts.joined(separator: "\n\n")
  }

  /// What no rule reports, and why.
  private static var unreported: String {
    func list(_ changes: [UnreportedChange]) -> String {
      changes.map { "- `\($0.id)`: \($0.reason)" }.joined(separator: "\n")
    }
    return """
      ## What is not reported

      What no file shows, and no rule can find:

      \(list(UnreportedChange.notInFiles))

      What means the same in every release that was measured:

      \(list(UnreportedChange.unchanged))
      """
  }

  private static func section(_ rule: any AuditRule) -> String {
    """
    ### `\(rule.id)`

    **\(rule.title).** \(rule.severity.rawValue), changes: \(rule.consequence.rawValue). Affected: \(rule.affected).

    \(oneLine(rule.explanation))

    *What to do:* \(oneLine(rule.fix))
    """
  }

  /// The rule, or all rules.
  static func json(_ rule: (any AuditRule)?) -> JSON {
    func json(_ rule: any AuditRule) -> JSON {
      [
        "id": .string(rule.id), "title": .string(rule.title), "family": .string(rule.family.rawValue),
        "severity": .string(rule.severity.rawValue), "consequence": .string(rule.consequence.rawValue),
        "affected": .string(rule.affected), "explanation": .string(oneLine(rule.explanation)),
        "fix": .string(oneLine(rule.fix)),
      ]
    }
    return rule.map(json) ?? .array(AuditRegistry.rules.map(json))
  }

  static func oneLine(_ text: String) -> String { text.split(whereSeparator: \.isNewline).joined(separator: " ") }
}
