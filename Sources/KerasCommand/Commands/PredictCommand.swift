import ArgumentParser
import KerasKit

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Runs a model on the arrays of a file.",
    discussion: """
      Arrays of an .npz go to the model's inputs by name, else as x or x0, x1 … in order. Outputs are written as y0, y1 …
      in the model's order.

      Examples:
        keraskit predict model.h5 --input x.npy --output y.csv
        keraskit predict model.h5 --input x.npy --output y.npy --precision bfloat16
      """)

  @OptionGroup var model: ModelArguments

  @Option(help: ArgumentHelp("Data: .npz, .npy, .csv, .tsv, .jsonl or .h5.", valueName: "file"))
  var input: String

  @Option(help: ArgumentHelp("Where predictions go: .npz, .npy, .csv or .tsv.", valueName: "file"))
  var output: String

  @Option(help: ArgumentHelp("Samples computed at once.", valueName: "n"))
  var batchSize = 32

  @Option(help: ArgumentHelp("Threads; if not given all processors, one for small models.", valueName: "n"))
  var threads: Int?

  @OptionGroup var precision: PrecisionArguments

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
    try OutputArrays.check(output, outputCount: model.outputs.count)
    let arrays = try ArrayFile.read(input)
    let progress = ProgressBar()
    let results: [TensorData]
    do {
      results = try model.predict(arrays, batchSize: batchSize) { done, total in
        progress.show(done: done, total: total, "samples")
      }
      progress.clear()
      if let difference = try PrecisionArguments.difference(
        model, on: model.inOrder(arrays), batchSize: batchSize)
      {
        Terminal.printNote(
          "\(model.precision.rawValue): outputs differ from float32's by at most \(NumberText.short(difference, digits: 2)) "
            + "of the largest, on the first \(min(batchSize, results.first?.shape.first ?? 0)) samples")
      }
    } catch let error as KerasKitError {
      progress.clear()
      switch error {
      // Of the model, whose file the error names.
      case .badRequest, .model, .file: throw error
      default: break
      }
      throw CommandFailure.input("\(input): \(error)")
    }
    let labels = try ModelLabels.read(labels, forModel: self.model.model)
    try OutputArrays.write(results, classes: labels.map { try $0.classNames(of: results) } ?? [], to: output)
  }
}
