import ArgumentParser
import KerasKit

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Tells the story behind an audit rule or a verdict of diagnose, or lists all rules.",
    discussion: """
      Examples:
        keraskit explain act-reg-on-input
        keraskit explain activity-before
        keraskit explain --markdown > docs/rules.md
      """)

  @Argument(help: "The id as audit or diagnose prints it; without it all rules and verdicts are listed.")
  var rule: String?

  @Flag(help: "All rules with their stories as Markdown.")
  var markdown = false

  @Flag(help: "As JSON.")
  var json = false

  func validate() throws {
    if markdown && json { throw ValidationError("--markdown or --json, not both") }
    if markdown && rule != nil { throw ValidationError("--markdown writes all rules: no RULE beside it") }
  }

  func run() throws {
    if markdown { return Terminal.print(RulesText.markdown) }
    if let story = rule.flatMap(VerdictStory.story) { return tell(story) }
    if json { return Terminal.print(try RulesText.json(rule.map(known)).text(indent: 2)) }
    guard let id = rule else {
      var table = TextTable(("rule", .left), ("severity", .left), ("changes", .left), ("title", .left))
      for rule in AuditRegistry.rules {
        table.add(rule.id, rule.severity.rawValue, rule.consequence.rawValue, rule.title)
      }
      Terminal.print(table.text + "\n")
      var verdicts = TextTable(("verdict of diagnose", .left), ("severity", .left), ("title", .left))
      for story in VerdictStory.all { verdicts.add(story.id, story.severity.rawValue, story.title) }
      Terminal.print(verdicts.text)
      return
    }
    let rule = try known(id)
    Terminal.print(Terminal.colored(rule.id, .bold) + " (\(rule.severity.rawValue)): \(rule.title)")
    Terminal.print("affected: \(rule.affected)")
    Terminal.print("changes:  \(rule.consequence.rawValue)\n")
    Terminal.print(WrappedText.paragraph(label: "", RulesText.oneLine(rule.explanation)) + "\n")
    Terminal.print(WrappedText.paragraph(label: "do  ", RulesText.oneLine(rule.fix)))
  }

  private func tell(_ story: VerdictStory) {
    let (explanation, fix) = (RulesText.oneLine(story.explanation), RulesText.oneLine(story.fix))
    if json {
      let object: JSON = [
        "id": .string(story.id), "title": .string(story.title), "severity": .string(story.severity.rawValue),
        "explanation": .string(explanation), "fix": .string(fix),
      ]
      return Terminal.print(object.text(indent: 2))
    }
    Terminal.print(Terminal.colored(story.id, .bold) + " (\(story.severity.rawValue), diagnose): \(story.title)\n")
    Terminal.print(WrappedText.paragraph(label: "", explanation) + "\n")
    Terminal.print(WrappedText.paragraph(label: "do  ", fix))
  }

  private func known(_ id: String) throws -> any AuditRule {
    guard let rule = AuditRegistry.rule(id) else {
      throw CommandFailure.usage("there is no rule '\(id)'; `keraskit explain` lists all")
    }
    return rule
  }
}
