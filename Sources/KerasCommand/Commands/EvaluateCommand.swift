import ArgumentParser
import KerasKit

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Computes the loss, every regularization term and the metrics of a model on data.",
    discussion: """
      The data is an .npz with x or x0, x1 …, y or y0, y1 … and optionally sample_weight, or a table with --target.

      Example:
        keraskit evaluate model.h5 --data test.npz --json
      """)

  @OptionGroup var model: ModelArguments

  @Option(
    help: ArgumentHelp(
      "Data with targets: .npz, .npy, .csv, .tsv, .jsonl, .h5, or a folder of images with a folder per class.",
      valueName: "file"))
  var data: String

  @Option(
    help: ArgumentHelp(
      "Target column of a table (again for each), array of an .npz, .jsonl or .h5, or .npy file.", valueName: "name"))
  var target: [String] = []

  @OptionGroup(title: "Folders of images") var images: ImageArguments

  @Option(help: ArgumentHelp("Samples per batch; activity penalties depend on it.", valueName: "n"))
  var batchSize = 32

  @Option(help: ArgumentHelp("A loss instead of the file's.", valueName: "name"))
  var loss: String?

  @Option(help: ReleaseChoice.help)
  var semantics: ReleaseChoice?

  @Option(help: ArgumentHelp("Activity penalties as-saved or intended.", valueName: "as-saved|intended"))
  var activitySemantics = ActivityChoice.asSaved

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if batchSize < 1 { throw ValidationError("--batch-size should be at least 1") }
  }

  func run() throws {
    let model = try model.load()
    let samples = try images.read(data, for: model, targets: target, loss: loss)
    var options = TrainingOptions(loss: loss)
    options.semantics = semantics?.semantics
    if activitySemantics == .intended {
      options.semantics = (options.semantics ?? model.loaded.semantics).withIntendedActivity
    }
    let result = try model.evaluate(samples, batchSize: batchSize, options: options)
    Terminal.print(json ? EvaluationText.json(result).text() : EvaluationText.text(result))
  }
}
