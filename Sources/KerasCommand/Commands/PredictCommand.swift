import ArgumentParser
import KerasKit

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Runs a model on the arrays of a file.",
    discussion: """
      Arrays of an .npz go to the model's inputs by name, else as x or x0, x1 … in order. Outputs are written as y0, y1 …
      in the model's order. The images of a folder are taken class by class, in the order of their names.

      While samples are computed the next are read and those before written, with the threads that computing leaves. Of
      --threads no more are busy at once, so that with --threads 1 one thing is done after the other.

      Examples:
        keraskit predict model.h5 --input x.npy --output y.csv
        keraskit predict model.h5 --input x.npy --output y.npy --precision bfloat16
        keraskit predict model.h5 --input photos --rescale 1/255 --output y.csv
      """)

  @OptionGroup var model: ModelArguments

  @Option(
    help: ArgumentHelp(
      "Data: .npz, .npy, .csv, .tsv, .jsonl, .h5, or a folder of images with a folder per class.", valueName: "file"))
  var input: String

  @Option(help: ArgumentHelp("Where predictions go: .npz, .npy, .csv or .tsv.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("Samples computed at once.", valueName: "n"))
  var batchSize = 32

  @Option(
    help: ArgumentHelp(
      "Threads busy at once; if not given all processors, of which small models compute on one.", valueName: "n"))
  var threads: Int?

  @OptionGroup var precision: PrecisionArguments

  @OptionGroup(title: "Folders of images") var images: ImageArguments

  @Option(
    help: ArgumentHelp(
      "The names of the classes, as fine-tune leaves them (default MODEL.labels.json, if it is there): added to the output as class.",
      valueName: "file"))
  var labels: String?

  func validate() throws {
    if batchSize < 1 { throw ValidationError("--batch-size should be at least 1") }
    if let threads, threads < 1 { throw ValidationError("--threads should be at least 1") }
  }

  func run() throws {
    let model = try model.load(readsWeights: false)
    if let threads { model.threads = threads }
    precision.apply(to: model)
    model.keepsWeights = false
    try OutputArrays.check(output, outputCount: model.outputs.count)
    let progress = ProgressBar()
    defer { progress.clear() }
    // Used by the thread that writes, which has ended when `predict` returns.
    nonisolated(unsafe) let results = OutputArrays(output) { [labels, file = self.model.model] in
      try ModelLabels.read(labels, forModel: file)
    }
    do {
      let samples = try PredictionInput.open(input, for: model, images: images.options)
      var count = 0
      try model.predict(samples, batchSize: batchSize) { done, total in
        count = done
        if let total { progress.show(done: done, total: total, "samples") } else { progress.show("\(done) samples") }
      } write: {
        try results.append($0)
      }
      progress.clear()
      if let difference = try PrecisionArguments.difference(
        model, on: model.precision == .float32 ? nil : samples.first(batchSize), batchSize: batchSize)
      {
        Terminal.printNote(
          "\(model.precision.rawValue): outputs differ from float32's by at most \(NumberText.short(difference, digits: 2)) "
            + "of the largest, on the first \(min(batchSize, count)) samples")
      }
    } catch let error as KerasKitError {
      switch error {
      // Of the model or the data, whose file the error names.
      case .badRequest, .model, .file, .dataFile: throw error
      default: break
      }
      throw CommandFailure.input("\(input): \(error)")
    }
    try results.finish()
  }
}
