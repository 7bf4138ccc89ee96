import ArgumentParser
import KerasKit

/// Which findings are reported: by rule, and without those that a baseline accepts.
struct AuditChoice: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Report these rules only, and what could not be read.", valueName: "id,id"))
  var rules: String?

  @Option(help: ArgumentHelp("Leave these rules' findings out.", valueName: "id,id"))
  var ignore: String?

  @Option(help: ArgumentHelp("Leave out what this file accepts (see --write-baseline).", valueName: "file"))
  var baseline: String?

  @Option(
    help: ArgumentHelp(
      "Accept all findings of this run: they are written to this file, in place of what it held; the exit code is 0.",
      valueName: "file"))
  var writeBaseline: String?

  func validate() throws {
    for (option, text) in [("--rules", rules), ("--ignore", ignore)] {
      for id in Self.list(text) where AuditRegistry.rule(id) == nil {
        throw ValidationError("\(option): there is no rule '\(id)'; `keraskit explain` lists all")
      }
    }
  }

  private static func list(_ text: String?) -> [String] {
    text.map { $0.split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init) } ?? []
  }

  /// Takes out the findings of rules that are not asked for; what could not be read is, unless it is ignored by name.
  func choose(from reports: inout [AuditReport]) {
    let ignored = Set(Self.list(ignore))
    let wanted = rules.map { Set(Self.list($0)).union(AuditRegistry.failures) }
    for index in reports.indices {
      reports[index].findings.removeAll { ignored.contains($0.rule) || wanted?.contains($0.rule) == false }
    }
  }

  /// The file of `--baseline`; throws an input failure if it is none.
  func readBaseline() throws -> Baseline? {
    guard let baseline else { return nil }
    do {
      return try Baseline(parsing: String(decoding: FileContents(path: baseline).array(), as: UTF8.self))
    } catch let error as BaselineError {
      throw CommandFailure.input("\(baseline): \(error)")
    } catch {
      throw CommandFailure.input("\(error)")
    }
  }

  /// Takes out what the baseline accepts, and says what of it did not occur.
  func apply(_ baseline: Baseline, to outcome: inout AuditOutcome) {
    var used: Set<Baseline.Entry> = []
    for index in outcome.reports.indices {
      let accepted = baseline.remove(from: &outcome.reports[index], naming: AuditOutcome.relative)
      outcome.accepted += accepted.count
      used.formUnion(accepted)
    }
    let gone = baseline.entries.count - used.count
    if gone > 0 {
      Terminal.printNote(
        "\(gone) finding\(gone == 1 ? "" : "s") in the baseline did not occur; --write-baseline leaves them out")
    }
  }
}
