import ArgumentParser
import KerasKit

/// The samples to train on and to validate with.
struct TrainingDataArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Training data: .npz, .npy, .csv, .tsv, .jsonl, .h5, or a folder of images with a folder per class.",
      valueName: "file"))
  var train: String

  @OptionGroup var samples: SampleArguments

  @Option(
    help: ArgumentHelp(
      "Shuffle within so many samples instead of all (default for data over --memory-limit: 10000, or 256 MiB of them). Data on disk then takes no more memory than these samples, three batches and 12 MiB.",
      valueName: "n"))
  var shuffleBuffer: Int?

  @Option(
    help: ArgumentHelp(
      "Results of frozen first layers are computed once and kept in so much memory, and above it in a temporary file beside the output; 0 computes them in every epoch. Such as 500MB, 2GB (default 1GB).",
      valueName: "size"))
  var cacheLimit = ByteCount(value: PrefixCacheOptions().memoryLimit)

  @Option(
    help: ArgumentHelp("Data to validate on after each epoch, of any kind that --train takes.", valueName: "file"))
  var validation: String?

  @Option(
    help: ArgumentHelp(
      "Share of the last samples kept for validation; of a folder of images, of its shuffled files.", valueName: "share"
    ))
  var validationSplit: Double?

  @Option(
    help: ArgumentHelp(
      "Weights of classes by index, such as '{\"0\": 1, \"1\": 5}', or auto: rare classes count as much as frequent ones.",
      valueName: "auto|JSON"))
  var classWeight: ClassWeights?

  func validate() throws {
    if let shuffleBuffer, shuffleBuffer < 0 { throw ValidationError("--shuffle-buffer should be 0 or more") }
    if validation != nil, validationSplit != nil {
      throw ValidationError("either --validation or --validation-split")
    }
    if let validationSplit, !(validationSplit > 0 && validationSplit < 1) {
      throw ValidationError("--validation-split should be between 0 and 1")
    }
  }
}
