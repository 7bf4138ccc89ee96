import ArgumentParser
import KerasKit

struct FineTuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fine-tune",
    abstract: "Trains a model further and writes the result as .keras or .h5.",
    discussion: """
      Loss and optimizer are the file's own unless given. Regularizers count as the saving release counted them, or as
      documented with --activity-semantics intended.

      A .keras output is a current model. An .h5 output of an .h5 model stays in the format of the release that saved it
      (--layout source), so that the program that used it can go on; --layout keras3 writes Keras 3's.

      Images are read in the order of Keras' image_dataset_from_directory and resized to the model's input.

      Examples:
        keraskit fine-tune model.h5 --train data.npz --epochs 5 --freeze 'conv*' --output tuned.keras
        keraskit fine-tune model.h5 --train photos/ --rescale 1/255 --validation-split 0.2 --output tuned.keras
      """)

  @OptionGroup var model: ModelArguments

  @Option(
    help: ArgumentHelp(
      "Training data: .npz, .npy, .csv, .tsv, .jsonl, .h5, or a folder of images with a folder per class.",
      valueName: "file"))
  var train: String

  @Option(
    help: ArgumentHelp(
      "Target column of a table (again for each), array of an .npz, .jsonl or .h5, or .npy file.", valueName: "name"))
  var target: [String] = []

  @OptionGroup(title: "Folders of images") var images: ImageArguments

  @Option(
    help: ArgumentHelp("Data to validate on after each epoch, of any kind that --train takes.", valueName: "file"))
  var validation: String?

  @Option(help: ArgumentHelp("Share of the last samples kept for validation.", valueName: "share"))
  var validationSplit: Double?

  @Option(
    help: ArgumentHelp(
      "Weights of classes by index, such as '{\"0\": 1, \"1\": 5}', or auto: rare classes count as much as frequent ones.",
      valueName: "auto|JSON"))
  var classWeight: ClassWeights?

  @Option(help: ArgumentHelp("Passes over the data.", valueName: "n"))
  var epochs = 1

  @Option(help: ArgumentHelp("Samples per step.", valueName: "n"))
  var batchSize = 32

  @Option(help: ArgumentHelp("sgd, adam, rmsprop … instead of the file's.", valueName: "name"))
  var optimizer: String?

  @Option(help: ArgumentHelp("Learning rate instead of the optimizer's.", valueName: "rate"))
  var learningRate: Double?

  @Option(help: ArgumentHelp("A loss instead of the file's.", valueName: "name"))
  var loss: String?

  @Option(help: ArgumentHelp("Layers not to train, by path with * and ?; may be repeated.", valueName: "pattern"))
  var freeze: [String] = []

  @Flag(help: "Keep the order of the samples.")
  var noShuffle = false

  @Option(help: ArgumentHelp("Seed of shuffling, dropout and noise.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Threads; if not given all processors, one for small models.", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Activity penalties as-saved or intended.", valueName: "as-saved|intended"))
  var activitySemantics = ActivityChoice.asSaved

  @Option(help: ArgumentHelp("Where the trained model goes: .keras or .h5.", valueName: "file"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Format of an .h5 output: source (that of the release that saved the model) or keras3.",
      valueName: "source|keras3"))
  var layout = LayoutChoice.source

  @Flag(help: "Replace the output file if it exists.")
  var force = false

  func validate() throws {
    if batchSize < 1 { throw ValidationError("--batch-size should be at least 1") }
    if epochs < 1 { throw ValidationError("--epochs should be at least 1") }
    if let threads, threads < 1 { throw ValidationError("--threads should be at least 1") }
    if validation != nil, validationSplit != nil {
      throw ValidationError("either --validation or --validation-split")
    }
    if let validationSplit, !(validationSplit > 0 && validationSplit < 1) {
      throw ValidationError("--validation-split should be between 0 and 1")
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate should be above 0")
    }
  }

  func run() throws {
    try OutputFile.check(output, force: force)
    let model = try model.load()
    if let threads { model.threads = threads }
    let data = try images.read(train, for: model, targets: target, loss: loss)
    let validationData = try validation.map { try images.read($0, for: model, targets: target, loss: loss) }
    let trained = Int((Double(data.count) * (1 - (validationSplit ?? 0))).rounded(.down))
    let classWeights = try classWeight?.weights(for: data, first: trained) ?? [:]
    let options = TrainingOptions(
      loss: loss, optimizer: optimizer.map { .string($0) }, learningRate: learningRate, freeze: freeze,
      classWeights: classWeights,
      seed: seed)
    let bar = ProgressBar(delay: .milliseconds(300))
    try model.fineTune(
      data, validation: validationData, epochs: epochs, batchSize: batchSize, validationSplit: validationSplit,
      shuffles: !noShuffle, options: options, activitySemantics: activitySemantics.semantics
    ) { progress in
      bar.show(
        done: (progress.epoch - 1) * progress.steps + progress.step, total: progress.steps * epochs,
        TrainingText.line(progress))
      if progress.isEndOfEpoch {
        bar.clear()
        Terminal.print("epoch \(progress.epoch)/\(progress.epochs)  \(TrainingText.line(progress))")
      }
      return .proceed
    }
    let isHDF5 = [".h5", ".hdf5"].contains { output.lowercased().hasSuffix($0) }
    let notes =
      isHDF5 && layout == .source && model.canSaveAsSource
      ? try model.saveAsSource(to: output)
      : try model.save(to: output, activitySemantics: activitySemantics.semantics, batchSize: batchSize)
    for note in notes { Terminal.printNote("\(note)") }
    Terminal.print("wrote \(output)")
  }
}
