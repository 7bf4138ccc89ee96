import ArgumentParser
import KerasConversion
import KerasKit

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Writes a model of any release as a current .keras or .h5 file that computes the same.",
    discussion: """
      Every value that differs between then and now is written explicitly. What has to be said in another way is printed
      as a note.

      Example:
        keraskit convert model.h5 model.keras --activity-semantics intended --batch-size 32
        keraskit convert --config model.json --weights model_weights.h5 --output model.keras
      """)

  @OptionGroup var model: ModelArguments

  @Argument(help: ArgumentHelp("The file to write: .keras or .h5.", valueName: "output"))
  var target: String?

  @Option(help: ArgumentHelp("The file to write, where --config and --weights stand for MODEL.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Activity penalties as the saving release added them (as-saved) or as documented (intended).",
      valueName: "as-saved|intended"))
  var activitySemantics = ActivityChoice.asSaved

  @Option(
    help: ArgumentHelp("Batch size of training, by which current Keras divides activity penalties.", valueName: "n"))
  var batchSize: Int?

  @Flag(help: "Replace the output file if it exists.")
  var force = false

  @Flag(help: "Also print every field that was renamed, translated, defaulted or dropped.")
  var explain = false

  func validate() throws {
    if let batchSize, batchSize < 1 { throw ValidationError("--batch-size should be at least 1") }
    switch (target, output) {
    case (nil, nil): throw ValidationError("the file to write is needed: OUTPUT or --output")
    case (.some, .some): throw ValidationError("either OUTPUT or --output, not both")
    default: return
    }
  }

  func run() throws {
    guard let output = output ?? target else { throw CommandFailure.usage("the file to write is needed") }
    try OutputFile.check(output, force: force)
    let model = try model.load()
    let (loaded, optimizerNotes) = model.forExport()
    let notes: [ExportNote]
    do {
      let options = ExportOptions(activitySemantics: activitySemantics.semantics, batchSize: batchSize)
      notes = try Formats.exporter(for: output).export(loaded, to: output, options: options) + optimizerNotes
    } catch {
      throw KerasKitError.export(error)
    }
    for note in notes { Terminal.print(Terminal.printable("\(note)")) }
    if explain { Terminal.print(ProvenanceText.text(model.provenance)) }
    Terminal.print("wrote \(output)")
  }
}
