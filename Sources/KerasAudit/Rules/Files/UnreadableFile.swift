import KerasCore

/// A file, or a part of it, that could not be looked at: never a clean report.
struct UnreadableFile: AuditRule {
  let id = "unreadable-file"
  let title = "Files and parts that cannot be read"
  let severity = Severity.error
  let family = RuleFamily.files
  let consequence = Consequence.loading
  let affected = "all releases"
  let explanation = """
    The file is none that a release of Keras wrote, is damaged or cut off, or a part of it was refused: a size that nothing
    accounts for, a filter that is not known, a name that leads out of an archive. What was not read was not judged, so the
    report is an error whatever else it says; the rules about containers and texts have looked at what could be reached.
    """
  let fix = """
    Copy the file again, from where it was complete. If it is whole, the reason says what is wrong with it.
    """

  func check(_ subject: AuditSubject) -> [Finding] { [] }

  /// The parts that could not be looked at, and why the file as a whole was refused.
  static func findings(_ file: AuditedFile, refusal: String? = nil) -> [Finding] {
    let rule = UnreadableFile()
    var findings: [Finding] = []
    if let refusal {
      findings.append(
        Finding(
          rule: rule.id, severity: .error, location: SourceLocation(file: file.path),
          summary: "The file cannot be read: \(refusal)",
          advice: "Until it can, it is not known to be sound: copy it again, or remove what is named."))
    }
    // What the refusal says is not said again.
    let problems = file.problems.filter { refusal?.contains($0.reason) != true }
    for problem in problems.prefix(20) {
      findings.append(
        Finding(
          rule: rule.id, severity: .error,
          location: SourceLocation(file: file.path, container: problem.container.isEmpty ? nil : problem.container),
          summary: "A part of the file could not be looked at: \(problem.reason)", advice: rule.fix))
    }
    if problems.count > 20 {
      findings.append(
        Finding(
          rule: rule.id, severity: .error, location: SourceLocation(file: file.path),
          summary: "\(problems.count - 20) more parts could not be looked at.", advice: rule.fix))
    }
    return findings
  }
}
