import ArgumentParser
import KerasKit

/// The page about a training.
struct ReportArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A page about the training: curves, regularization, layers before and after, what repeats it. One .html file.",
      valueName: "file"))
  var report: String?

  func check(force: Bool) throws {
    guard let report else { return }
    try OutputFile.checkPage(report, force: force)
  }

  /// The layers as they are, if there will be a report.
  func spreads(of model: Model, on data: any SampleSource) throws -> [LayerSpread] {
    report == nil ? [] : try model.layerSpreads(on: data)
  }

  func write(_ page: TrainingReport, isQuiet: Bool) throws {
    guard let report else { return }
    do {
      try AtomicFile.write(Array(page.html.utf8), to: report)
    } catch {
      throw CommandFailure.input("\(error)")
    }
    if !isQuiet { Terminal.print("wrote \(report)") }
  }

  /// The command as it was given, so that a shell takes it again.
  static var command: String {
    var words = CommandLine.arguments
    if !words.isEmpty { words[0] = "keraskit" }
    return words.map(ShellWord.quoted).joined(separator: " ")
  }
}
