import ArgumentParser
import KerasKit

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Tells the story behind an audit rule, or lists all rules.",
    discussion: """
      Example:
        keraskit explain act-reg-on-input
      """)

  @Argument(help: "The rule's id as the audit prints it; without it all rules are listed.")
  var rule: String?

  func run() throws {
    guard let id = rule else {
      var table = TextTable(("rule", .left), ("severity", .left), ("title", .left))
      for rule in AuditRegistry.rules { table.add(rule.id, rule.severity.rawValue, rule.title) }
      Terminal.print(table.text)
      return
    }
    guard let rule = AuditRegistry.rule(id) else {
      throw CommandFailure.usage("there is no rule '\(id)'; `keraskit explain` lists all")
    }
    Terminal.print(Terminal.colored(rule.id, .bold) + " (\(rule.severity.rawValue)): \(rule.title)")
    Terminal.print("affected: \(rule.affected)\n")
    let words = rule.explanation.split(whereSeparator: \.isNewline).joined(separator: " ")
    Terminal.print(WrappedText.paragraph(label: "", words))
  }
}
