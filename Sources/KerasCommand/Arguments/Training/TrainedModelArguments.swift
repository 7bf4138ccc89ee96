import ArgumentParser
import KerasKit

/// Where the trained model goes.
struct TrainedModelArguments: ParsableArguments {
  @Option(
    name: .customLong("output"),
    help: ArgumentHelp("Where the trained model goes: .keras or .h5; not needed for --dry-run.", valueName: "file"))
  var file: String?

  /// The file's name; there is one unless nothing is written.
  var output: String { file ?? "" }

  @Option(
    help: ArgumentHelp(
      "Format of an .h5 output: source (that of the release that saved the model) or keras3.",
      valueName: "source|keras3"))
  var layout = LayoutChoice.source

  @Flag(help: "Replace the output file if it exists.")
  var force = false

  /// Throws if there is no output, or one that must not be replaced.
  func checkFile() throws {
    guard let file else { throw CommandFailure.usage("--output FILE is missing: where the trained model goes") }
    try OutputFile.check(file, force: force)
  }

  private func keepsLayout(of model: Model) -> Bool {
    [".h5", ".hdf5"].contains { output.lowercased().hasSuffix($0) } && layout == .source && model.canSaveAsSource
  }

  /// Says before the training what would keep its result from being written.
  func check(_ model: Model) throws {
    if !keepsLayout(of: model) { try model.checkSave(to: output) }
  }

  /// Writes the model and says what had to be said differently.
  func write(_ model: Model, activitySemantics: ActivitySemantics, batchSize: Int, isQuiet: Bool = false) throws {
    let notes =
      keepsLayout(of: model)
      ? try model.saveAsSource(to: output)
      : try model.save(to: output, activitySemantics: activitySemantics, batchSize: batchSize)
    if !keepsLayout(of: model), layout == .source, output.lowercased().hasSuffix("5") {
      for lacking in model.loaded.sourceLacks {
        Terminal.printNote("in Keras 3's layout, because the source's format cannot hold \(lacking)")
      }
    }
    for note in notes { Terminal.printNote("\(note)") }
    if !isQuiet { Terminal.print("wrote \(output)") }
  }
}
