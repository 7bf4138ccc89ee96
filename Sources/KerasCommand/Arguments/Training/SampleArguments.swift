import ArgumentParser
import KerasKit

/// What in a data file is what for the model.
struct SampleArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Arrays or columns of the inputs, NAME,NAME or INPUT=NAME,NAME; may be repeated. Otherwise the inputs' own names, x, or x0, x1 …; of a table all other columns.",
      valueName: "names"))
  var inputs: [String] = []

  @Option(
    help: ArgumentHelp(
      "Target column of a table (again for each, or OUTPUT=NAME), array of an .npz, .jsonl or .h5, or .npy file. Texts become classes.",
      valueName: "name"))
  var target: [String] = []

  @Option(
    help: ArgumentHelp("Array or column of sample weights (default sample_weight, if there is one).", valueName: "name")
  )
  var sampleWeight: String?

  @Option(
    help: ArgumentHelp(
      "Data that takes more MiB than this as float32 is read from disk as it is needed (default 1024).",
      valueName: "MiB"))
  var memoryLimit: Int?

  func validate() throws {
    if let memoryLimit, !(0...1 << 30).contains(memoryLimit) {
      throw ValidationError("--memory-limit should be between 0 and \(1 << 30)")
    }
  }

  func options(_ images: ImageArguments, loss: String?, labels: LabelMap?) -> SampleOptions {
    SampleOptions(
      inputs: inputs, targets: target, sampleWeight: sampleWeight, images: images.options, loss: loss, labels: labels,
      memoryLimit: memoryLimit.map { $0 << 20 } ?? SampleOptions.standardMemoryLimit)
  }
}
