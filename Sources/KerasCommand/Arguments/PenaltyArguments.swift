import ArgumentParser
import KerasKit

/// What `audit` computes of activity regularizers, beside what it finds in the config.
struct PenaltyArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Inputs on which activity penalties are computed, with the weights, as every release adds them to the loss: .npz, "
        + ".npy, .csv, .tsv, .jsonl or .h5.", valueName: "file"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "The factors for l1 and l2 with which this release's loss equals that of the one that saved the file, and the "
        + "reverse; exit code 1 where no constant factor does it. If it is the saving release itself, --target is the "
        + "other one. Needs --batch-size.", valueName: "release"))
  var matchLoss: Release?

  @Option(
    help: ArgumentHelp("Batch size of training, for --match-loss and --data (there 32 if not given).", valueName: "n"))
  var batchSize: Int?

  func validate() throws {
    if let batchSize, batchSize < 1 { throw ValidationError("--batch-size should be at least 1") }
    if matchLoss != nil, batchSize == nil {
      throw ValidationError("--match-loss needs the batch size of training: --batch-size")
    }
    if batchSize != nil, matchLoss == nil, data == nil {
      throw ValidationError("--batch-size is for --data and --match-loss")
    }
  }

  var isAsked: Bool { data != nil || matchLoss != nil }

  /// The answers to `--data` and `--match-loss`.
  struct Answers {
    var table: ActivityTable?
    var match: LossMatch?

    /// The parts that follow the findings.
    var text: [String] {
      [table.map { PenaltyText.text($0) }, match.map { PenaltyText.text($0) }].compactMap(\.self)
    }

    /// The report with the answers as `activity_penalties` and `match_loss`.
    func added(to report: JSON) -> JSON {
      var report = report
      if let table { report["activity_penalties"] = table.json }
      if let match { report["match_loss"] = match.json }
      return report
    }

    var isRefused: Bool { match?.forward.isRefused ?? false }
  }

  func answers(for arguments: ModelArguments, _ source: ModelSource, target: Release) throws -> Answers {
    var answers = Answers()
    var shapes: [String: [Int]] = [:]
    if let data {
      let model = try arguments.load()
      let arrays = try ArrayFile.read(data)
      do {
        answers.table = try model.activityTable(arrays, batchSize: batchSize ?? 32, target: target)
        shapes = try model.shapes(of: arrays)
      } catch {
        if case .badRequest = error { throw error }
        throw CommandFailure.input("\(data): \(error)")
      }
    }
    if let matchLoss, let batchSize {
      answers.match = try LossMatch(
        source, other: matchLoss, target: target, batchSize: batchSize, shapes: shapes,
        mappings: arguments.loading.options.mappings)
    }
    return answers
  }
}
