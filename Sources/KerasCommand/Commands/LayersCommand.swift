import ArgumentParser
import KerasCore
import KerasKit
import KerasModel

struct LayersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "layers",
    abstract: "Lists the layer classes of every Keras, the releases that had them, and what becomes of them here.",
    discussion: """
      Examples:
        keraskit layers
        keraskit layers --markdown --cases fixtures/layers --recordings fixtures/legacy_layers
      """)

  @Flag(help: "The table as Markdown, with a link to the recorded case that proves each cell.")
  var markdown = false

  @Flag(help: "As JSON.")
  var json = false

  @Option(help: ArgumentHelp("Folder of recorded cases, one .zip a release.", valueName: "folder"))
  var cases: String?

  @Option(
    help: ArgumentHelp(
      "Folder of recorded models by release, or a folder or archive of models about one subject, for the table; may be "
        + "given several times.", valueName: "path"))
  var recordings: [String] = []

  func validate() throws {
    if markdown && json { throw ValidationError("--markdown or --json, not both") }
  }

  func run() throws {
    let proofs = try cases.map { try LayerCases(folder: $0) }
    if markdown {
      Terminal.print(
        try LayersText.markdown(proofs ?? LayerCases(), LayerRecordings(paths: recordings)))
    } else if json {
      Terminal.print(LayersText.json(proofs ?? LayerCases()).text(indent: 2))
    } else {
      var table = TextTable(("layer", .left), ("in Keras", .left), ("here", .left))
      for entry in LayerHistory.entries {
        table.add(entry.name, LayersText.span(entry), LayerSupport.of(entry.name).text)
      }
      Terminal.print(table.text)
    }
  }
}
