import ArgumentParser
import KerasKit

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Computes the loss, every regularization term and the metrics of a model on data.",
    discussion: """
      The data is an .npz with x or x0, x1 …, y or y0, y1 … and optionally sample_weight, or a table with --target. Data of
      over 1 GiB as float32 is read as it is needed.

      Example:
        keraskit evaluate model.h5 --data test.npz --json
      """)

  @OptionGroup var model: ModelArguments

  @Option(
    help: ArgumentHelp(
      "Data with targets: .npz, .npy, .csv, .tsv, .jsonl, .h5, or a folder of images with a folder per class.",
      valueName: "file"))
  var data: String

  @OptionGroup var samples: SampleArguments

  @OptionGroup(title: "Folders of images") var images: ImageArguments

  @Option(help: ArgumentHelp("Samples per batch; activity penalties depend on it.", valueName: "n"))
  var batchSize = 32

  @Option(help: ArgumentHelp("A loss instead of the file's.", valueName: "name"))
  var loss: String?

  @Option(help: ArgumentHelp("A metric instead of the file's; may be repeated.", valueName: "name"))
  var metric: [String] = []

  @Option(
    help: ArgumentHelp(
      "The classes of targets that are texts, as fine-tune leaves them (default MODEL.labels.json, if it is there).",
      valueName: "file"))
  var labels: String?

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
    let labels = try ModelLabels.read(labels, forModel: self.model.model)
    let opened = try SampleFile.open(data, for: model, samples.options(images, loss: loss, labels: labels))
    var options = TrainingOptions(loss: loss, metrics: metric.isEmpty ? nil : metric)
    options.semantics = semantics?.semantics
    if activitySemantics == .intended {
      options.semantics = (options.semantics ?? model.loaded.semantics).withIntendedActivity
    }
    let result = try model.evaluate(opened.source, batchSize: batchSize, options: options)
    Terminal.print(json ? result.json.text() : EvaluationText.text(result))
  }
}
