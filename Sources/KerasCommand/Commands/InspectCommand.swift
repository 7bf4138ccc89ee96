import ArgumentParser
import KerasKit

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows a model: layers, shapes, parameters, release, training configuration, regularizers.",
    discussion: """
      --weights without a file prints which stored array became which variable, by what they were matched and how the
      array was converted; with a file it names the weights of MODEL or --config.
      --lambda shows the Python code of Lambda layers, which is read as data and never executed: as an expression where
      it is one, and instruction by instruction; also of models that cannot be loaded.
      Of weights without an architecture it lists the arrays, with the layers they look like.

      Examples:
        keraskit inspect model.h5 --verbose
        keraskit inspect model.h5 --weights
        keraskit inspect model.h5 --lambda
        keraskit inspect --config model.json --weights weights.h5
      """)

  @OptionGroup var model: ModelArguments

  @Flag(help: "Also every field that was renamed, translated, defaulted or dropped on the way to current Keras.")
  var verbose = false

  /// What `--weights` without a value is turned into; see `WeightsFlag`.
  @Flag(help: ArgumentHelp("As --weights without a file.", visibility: .hidden))
  var weightsTable = false

  @Flag(help: "Show the code of Lambda layers instead.")
  var lambda = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    if lambda {
      let listings = LambdaListing.all(in: try model.open().config ?? .null)
      Terminal.print(json ? LambdaText.json(listings).text(indent: 2) : LambdaText.text(listings))
      return
    }
    if let (stored, note) = model.weightsAlone() {
      let text =
        json ? StoredWeightsText.json(stored, note: note).text(indent: 2) : StoredWeightsText.text(stored, note: note)
      Terminal.print(text)
      return
    }
    let model = try Inspection(try model.open(), options: model.loading.options)
    if json {
      Terminal.print(InspectionText.json(model, provenance: verbose, weights: weightsTable).text(indent: 2))
      return
    }
    Terminal.print(InspectionText.text(model))
    if weightsTable { Terminal.print("\n" + InspectionText.weights(model)) }
    if verbose { Terminal.print("\n" + ProvenanceText.text(model.canonical.provenance)) }
  }
}
