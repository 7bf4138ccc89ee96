import ArgumentParser
import KerasKit

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Says what a model meant to the Keras that saved it and what it means now.",
    discussion: """
      Reads the config only, never the weights. Exit code 1 if anything at or above --fail-on is found.

      Example:
        keraskit audit model.h5 --format json
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  enum Threshold: String, ExpressibleByArgument, CaseIterable {
    case error, warning, note, never

    func isReached(by severity: Severity) -> Bool {
      switch self {
      case .error: severity >= .error
      case .warning: severity >= .warning
      case .note: true
      case .never: false
      }
    }
  }

  @OptionGroup var model: ModelArguments

  @Option(help: "text or json.")
  var format = Format.text

  @Option(
    help: ArgumentHelp(
      "The release the file is to be read by: only what changes for it is reported. keras==2.3.1, keras==2.15, "
        + "tf.keras==2.5.0, keras==3.13.2; the newest measured, \(Release.current), if not given.",
      valueName: "release"))
  var target = Release.current

  @Option(help: ArgumentHelp("The least severity that makes the exit code 1.", valueName: "level"))
  var failOn = Threshold.warning

  func run() throws {
    let report = Audit.run(try model.open(), mappings: model.loading.options.mappings, target: target)
    switch format {
    case .text: Terminal.print(FindingsText.text(report))
    case .json: Terminal.print(report.json.text(indent: 2))
    }
    if report.findings.contains(where: { failOn.isReached(by: $0.severity) }) { throw ExitStatus.findings }
  }
}

extension Release: ExpressibleByArgument {
  public init?(argument: String) { self.init(named: argument) }
}
