import ArgumentParser
import KerasKit

/// Where the trained model goes.
struct TrainedModelArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Where the trained model goes: .keras or .h5.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Format of an .h5 output: source (that of the release that saved the model) or keras3.",
      valueName: "source|keras3"))
  var layout = LayoutChoice.source

  @Flag(help: "Replace the output file if it exists.")
  var force = false

  private func keepsLayout(of model: Model) -> Bool {
    [".h5", ".hdf5"].contains { output.lowercased().hasSuffix($0) } && layout == .source && model.canSaveAsSource
  }

  /// Says before the training what would keep its result from being written.
  func check(_ model: Model) throws {
    if !keepsLayout(of: model) { try model.checkSave(to: output) }
  }

  /// Writes the model and says what had to be said differently.
  func write(_ model: Model, activitySemantics: ActivitySemantics, batchSize: Int) throws {
    let notes =
      keepsLayout(of: model)
      ? try model.saveAsSource(to: output)
      : try model.save(to: output, activitySemantics: activitySemantics, batchSize: batchSize)
    for note in notes { Terminal.printNote("\(note)") }
    Terminal.print("wrote \(output)")
  }
}
