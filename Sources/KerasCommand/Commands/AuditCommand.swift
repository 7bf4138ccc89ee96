import ArgumentParser
import KerasKit

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Says what models meant to the Keras that saved them and what they mean now.",
    discussion: """
      Reads configs only, the weights with --data alone. Folders are searched for models by content, zip and tar archives \
      are looked into. Each file is read by a process of its own, with limits of time and memory: one that is broken or \
      hostile is a finding, and what cannot be read is never called clean.

      Exit codes: 0 nothing at or above --fail-on was found, 1 something was, 2 bad usage, 3 a path is not there or a file \
      cannot be written.

      Examples:
        keraskit audit model.h5 --format json
        keraskit audit model.h5 --data x.npy --match-loss keras==3.15.1 --batch-size 32
        keraskit audit models/ old.zip --format html --output audit.html
        keraskit audit models/ --write-baseline audit-baseline.json
        keraskit audit models/ --baseline audit-baseline.json --fail-on error
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, sarif, markdown, html }

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

  @OptionGroup var files: AuditArguments

  @Option(help: "text, json, sarif (2.1.0), markdown or html (one page).")
  var format = Format.text

  @Option(help: ArgumentHelp("Write the result to this file.", valueName: "file"))
  var output: String?

  @Flag(help: "Replace the file of --output if it exists.")
  var force = false

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

  @OptionGroup(title: "Choice") var choice: AuditChoice

  @OptionGroup(title: "Limits") var limits: AuditLimits

  @OptionGroup(title: "Penalties") var penalties: PenaltyArguments

  @Option(
    help: ArgumentHelp(
      "Where docs/rules.md is published: the results of --format sarif then lead there.", valueName: "url"))
  var rulesURL: String?

  /// Set for the processes that read files.
  @Flag(help: .hidden) var worker = false

  func validate() throws {
    if ledger || penalties.isAsked {
      let option = ledger ? "--ledger" : penalties.data != nil ? "--data" : "--match-loss"
      guard files.paths.count <= 1 else { throw ValidationError("\(option) is about one model") }
      guard format == .text || format == .json else { throw ValidationError("\(option) needs --format text or json") }
    }
  }

  func run() throws {
    if worker { return reader.run() }
    if let output, !force, OutputFile.exists(output) {
      throw CommandFailure.usage("\(output) exists; --force replaces it")
    }
    if ledger { return try showLedger() }
    let accepted = try choice.readBaseline()
    let answers = penalties.isAsked ? try penaltyAnswers() : .init()
    var outcome = try read()
    choice.choose(from: &outcome.reports)
    if let path = choice.writeBaseline {
      try write(Baseline(accepting: outcome.reports, naming: AuditOutcome.relative).text, path)
    }
    if let accepted { choice.apply(accepted, to: &outcome) }
    try show(outcome, answers)
    if choice.writeBaseline != nil { return }
    if answers.isRefused || outcome.findings.contains(where: { failOn.isReached(by: $0.severity) }) {
      throw ExitStatus.findings
    }
  }
}

extension AuditCommand {
  // MARK: Reading

  /// What the processes that read the files find.
  private func read() throws -> AuditOutcome {
    let (requests, isSingle, walks) = try files.requests()
    let bar = ProgressBar()
    let pool = WorkerPool(
      arguments: workerArguments, jobs: limits.processes(for: requests.count), timeLimit: limits.timeLimit,
      memoryLimit: limits.memoryLimit.value)
    let result = try pool.run(requests) { done, _ in bar.show(done: done, total: requests.count, "files read") }
    bar.clear()
    var outcome = AuditOutcome(
      reports: result.reports + walks.flatMap { $0.unreadable.map(Self.unlisted) }, isSingle: isSingle,
      others: result.others, links: result.links + walks.reduce(0) { $0 + $1.links }, target: target ?? .current,
      rulesURL: rulesURL)
    outcome.isSingle = isSingle && outcome.reports.count == 1 && outcome.reports[0].file == requests[0].path
    return outcome
  }

  /// This process as one that reads files.
  private var reader: AuditWorker {
    var loading = files.loading.options
    loading.requiresWeights = false
    var audit = ArchiveAudit()
    audit.mappings = loading.mappings
    audit.target = target ?? .current
    let options = loading
    audit.stamped = { options.stamped($0) }
    audit.openNamed = { try options.open($0) }
    return AuditWorker(audit: audit, memoryLimit: limits.memoryLimit.value)
  }

  /// The same command line, for a process that takes its paths from standard input.
  private var workerArguments: [String] {
    let own = Array(CommandLine.arguments.dropFirst())
    return own.prefix(1) + ["--worker"] + own.dropFirst()
  }

  private static func unlisted(_ folder: (path: String, reason: String)) -> AuditReport {
    AuditReport(
      file: folder.path,
      findings: [
        Finding(
          rule: "unreadable-file", severity: .error, location: SourceLocation(file: folder.path),
          summary: "The folder cannot be listed: \(folder.reason)",
          advice: "What it holds is not known to be sound: give the audit leave to read it.")
      ])
  }

  private func penaltyAnswers() throws -> PenaltyArguments.Answers {
    let model = files.model
    return try penalties.answers(for: model, model.open(), target: target ?? .current)
  }

  // MARK: Showing

  private func showLedger() throws {
    let model = files.model
    let ledger: Ledger
    do {
      ledger = try Ledger.of(try model.open(), mappings: model.loading.options.mappings, target: target)
    } catch let error as ModelError {
      throw CommandFailure.input("\(error)")
    }
    try deliver((format == .json ? ledger.json.text(indent: 2) : LedgerText.text(ledger)) + "\n")
  }

  private func show(_ outcome: AuditOutcome, _ answers: PenaltyArguments.Answers) throws {
    let text =
      switch format {
      case .text: ([AuditText.text(outcome)] + answers.text).joined(separator: "\n\n") + "\n"
      case .json: answers.added(to: AuditJSON.json(outcome)).text(indent: 2) + "\n"
      case .sarif: AuditSARIF.json(outcome).text(indent: 2) + "\n"
      case .markdown: AuditMarkdown.text(outcome)
      case .html: AuditPage.html(outcome)
      }
    try deliver(text)
    if output != nil, format != .text { Terminal.printNote(outcome.sentence) }
  }

  /// To standard output or the file of `--output`, there without colours.
  private func deliver(_ text: String) throws {
    guard let output else { return Terminal.print(text, terminator: "") }
    try write(format == .text ? AuditText.plain(text) : text, output)
  }

  private func write(_ text: String, _ path: String) throws {
    do {
      try AtomicFile.write(Array(text.utf8), to: path)
    } catch {
      throw CommandFailure.input("\(error)")
    }
  }
}

extension Release: ExpressibleByArgument {
  public init?(argument: String) { self.init(named: argument) }
}
