import ArgumentParser
import KerasKit

/// The samples to train on and to validate with.
struct TrainingDataArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Training data: .npz, .npy, .csv, .tsv, .jsonl, .h5, or a folder of images with a folder per class.",
      valueName: "file"))
  var train: String

  @Option(
    help: ArgumentHelp(
      "Target column of a table (again for each), array of an .npz, .jsonl or .h5, or .npy file.", valueName: "name"))
  var target: [String] = []

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

  func validate() throws {
    if validation != nil, validationSplit != nil {
      throw ValidationError("either --validation or --validation-split")
    }
    if let validationSplit, !(validationSplit > 0 && validationSplit < 1) {
      throw ValidationError("--validation-split should be between 0 and 1")
    }
  }
}
