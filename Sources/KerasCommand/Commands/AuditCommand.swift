import ArgumentParser
import Foundation
import KerasKit

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Says what a model meant to the Keras that saved it and what it means now.",
    discussion: """
      Reads the config only, the weights with --data alone. Exit code 1 if anything at or above --fail-on is found.

      Example:
        keraskit audit model.h5 --format json
        keraskit audit model.h5 --data x.npy --match-loss keras==3.15.1 --batch-size 32
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
        + "tf.keras==2.5.0, keras==3.13.2; \(Release.current), the newest measured, if not given.",
      valueName: "release"))
  var target: Release?

  @Flag(
    help: """
      Instead of findings, the ledger: for each layer its class and keywords as in the file, in Keras 3's terms, and what \
      they meant to the file's release, Keras 2.3, tf.keras 2.15, Keras 3.13 and the current one, where any differs. With \
      --target only what changes for that release.
      """)
  var ledger = false

  @Option(help: ArgumentHelp("The least severity that makes the exit code 1.", valueName: "level"))
  var failOn = Threshold.warning

  @OptionGroup(title: "Penalties") var penalties: PenaltyArguments

  func run() throws {
    if ledger { return try showLedger() }
    let target = target ?? .current
    let report = try report(target: target)
    let answers = penalties.isAsked ? try penalties.answers(for: model, model.open(), target: target) : .init()
    switch format {
    case .text: Terminal.print(([FindingsText.text(report)] + answers.text).joined(separator: "\n\n"))
    case .json: Terminal.print(answers.added(to: report.json).text(indent: 2))
    }
    if answers.isRefused || report.findings.contains(where: { failOn.isReached(by: $0.severity) }) {
      throw ExitStatus.findings
    }
  }
}

extension AuditCommand {
  /// What the rules find, those about containers too, whether the files open or not.
  private func report(target: Release) throws -> AuditReport {
    let paths = [model.config ?? model.model, model.weights].compactMap(\.self)
    // A name that leads nowhere is the caller's mistake, not a finding.
    guard paths.allSatisfy(FileManager.default.fileExists) else {
      return Audit.run(try model.open(), mappings: model.loading.options.mappings, target: target)
    }
    return Audit.files(paths, mappings: model.loading.options.mappings, target: target) { try model.open() }
  }

  private func showLedger() throws {
    let ledger: Ledger
    do {
      ledger = try Ledger.of(try model.open(), mappings: model.loading.options.mappings, target: target)
    } catch let error as ModelError {
      throw CommandFailure.input("\(error)")
    }
    switch format {
    case .text: Terminal.print(LedgerText.text(ledger))
    case .json: Terminal.print(ledger.json.text(indent: 2))
    }
  }
}

extension Release: ExpressibleByArgument {
  public init?(argument: String) { self.init(named: argument) }
}
