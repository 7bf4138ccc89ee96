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
      "Such as 800MB, 2GB, 2GiB: data that takes more as float32 is read from disk as it is needed (default 1GiB), and a training step that would take more computes activations again for their gradients (default: what the machine has available). A plain number are MiB, of data alone.",
      valueName: "size"))
  var memoryLimit: MemoryLimit?

  /// The bytes that a training step may take, if they were given.
  var stepMemoryLimit: Int? { memoryLimit.flatMap { $0.isPlain ? nil : $0.value } }

  func options(_ images: ImageArguments, loss: String?, labels: LabelMap?) -> SampleOptions {
    SampleOptions(
      inputs: inputs, targets: target, sampleWeight: sampleWeight, images: images.options, loss: loss, labels: labels,
      memoryLimit: memoryLimit?.value ?? SampleOptions.standardMemoryLimit)
  }
}
