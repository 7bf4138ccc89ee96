import ArgumentParser
import KerasKit

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows a model: layers, shapes, parameters, release, training configuration, regularizers.",
    discussion: """
      Example:
        keraskit inspect model.h5 --verbose
      """)

  @OptionGroup var model: ModelArguments

  @Flag(help: "Also every field that was renamed, translated, defaulted or dropped on the way to current Keras.")
  var verbose = false

  @Flag(help: "Also which stored array became which variable.")
  var weightsTable = false

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let model = try Inspection(try model.open())
    if json {
      Terminal.print(InspectionText.json(model, provenance: verbose, weights: weightsTable).text(indent: 2))
      return
    }
    Terminal.print(InspectionText.text(model))
    if weightsTable { Terminal.print("\n" + InspectionText.weights(model)) }
    if verbose { Terminal.print("\n" + ProvenanceText.text(model.canonical.provenance)) }
  }
}
