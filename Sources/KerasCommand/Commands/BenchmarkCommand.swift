import ArgumentParser
import KerasKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Times a model's inference or training step on random data.",
    discussion: """
      Without an ending .keras is tried, then .h5.

      Achieved GFLOP/s count the products and convolutions of a call; the peak they are compared with is that of \
      multiply-adds in registers, measured in the same run.

      --profile tells how long each layer takes and which implementation computes it; --trace writes the same for \
      chrome://tracing or Perfetto. With --train these are the steps forward and backward.

      With --train and --freeze whole epochs are timed, with frozen first layers computed in every epoch and once.

      Examples:
        keraskit benchmark model.keras --batch 1 --threads 2 --seconds 2 --json
        keraskit benchmark model.h5 --profile --trace trace.json
        keraskit benchmark model.keras --train --batch 64 --memory-limit 2GB
        keraskit benchmark model.keras --train --freeze '*' --unfreeze head --batch 32 --steps 8 --epochs 5
      """)

  @OptionGroup var model: ModelArguments

  @Option(help: ArgumentHelp("Samples per call.", valueName: "n"))
  var batch = 1

  @Option(help: ArgumentHelp("Threads; if not given all processors, one for small models.", valueName: "n"))
  var threads: Int?

  @OptionGroup var precision: PrecisionArguments

  @Option(help: ArgumentHelp("How long to repeat.", valueName: "s"))
  var seconds = 2.0

  @Flag(help: "Time a training step: forward, backward and update.")
  var train = false

  @Option(help: ArgumentHelp("With --train: a loss instead of the file's.", valueName: "name"))
  var loss: String?

  @Option(help: ArgumentHelp("With --train: an optimizer instead of the file's.", valueName: "name"))
  var optimizer: String?

  @Option(help: ArgumentHelp("With --train: layers not to train, as fine-tune's.", valueName: "pattern"))
  var freeze: [String] = []

  @Option(help: ArgumentHelp("With --train: layers to train nevertheless.", valueName: "pattern"))
  var unfreeze: [String] = []

  @Option(
    help: ArgumentHelp(
      "With --train: memory that a step may take, such as 800MB, 2GB, 2GiB; above it activations are recomputed (default: what the machine has available).",
      valueName: "size"))
  var memoryLimit: MemoryLimit?

  @Option(help: ArgumentHelp("With --freeze: batches of an epoch.", valueName: "n"))
  var steps = 8

  @Option(help: ArgumentHelp("With --freeze: epochs.", valueName: "n"))
  var epochs = 5

  @Flag(help: "Tell how long each layer takes, and which implementations compute it.")
  var profile = false

  @Option(help: ArgumentHelp("Write the profile as a Chrome trace.", valueName: "file"))
  var trace: String?

  @Flag(help: "Print one JSON line.")
  var json = false

  func validate() throws {
    if batch < 1 { throw ValidationError("--batch should be at least 1") }
    if let threads, threads < 1 { throw ValidationError("--threads should be at least 1") }
    if train, precision.precision != .float32 { throw ValidationError("training computes in float32") }
    if !freeze.isEmpty, profile || trace != nil {
      throw ValidationError("--freeze times epochs, which have no profile")
    }
    if memoryLimit != nil, !train { throw ValidationError("--memory-limit is for --train") }
    if !freeze.isEmpty, !train { throw ValidationError("--freeze is for --train") }
    if steps < 1 || epochs < 2 { throw ValidationError("--steps should be at least 1, --epochs at least 2") }
    if !(seconds >= 0 && seconds <= 3600) { throw ValidationError("--seconds should be between 0 and 3600") }
  }

  func run() throws {
    let model = try completed.load(readsWeights: train)
    if let threads { model.threads = threads }
    precision.apply(to: model)
    var options = TrainingOptions(
      loss: loss, optimizer: optimizer.map { .string($0) }, freeze: freeze, unfreeze: unfreeze)
    options.memoryLimit = memoryLimit?.value
    if !freeze.isEmpty { return try timeEpochs(model, options) }
    let times =
      train
      ? try model.benchmarkTraining(batchSize: batch, seconds: seconds, options: options)
      : try model.benchmark(batchSize: batch, seconds: seconds)
    let measured =
      profile || trace != nil
      ? train
        ? try model.profileTraining(batchSize: batch, seconds: seconds, options: options)
        : try model.profile(batchSize: batch, seconds: seconds)
      : nil
    if let measured, let trace { try AtomicFile.write(Array(measured.trace.text().utf8), to: trace) }
    let report = BenchmarkText(
      times: times, batch: batch, threads: model.threads, precision: model.precision, isTraining: train,
      difference: try PrecisionArguments.difference(model, batchSize: batch), profile: profile ? measured : nil)
    Terminal.print(json ? report.json.text() : report.text)
  }

  private func timeEpochs(_ model: Model, _ options: TrainingOptions) throws {
    let (every, once) = try model.benchmarkEpochs(batchSize: batch, steps: steps, epochs: epochs, options: options)
    let factor = once.map { every.reduce(0, +) / $0.reduce(0, +) }
    let later = once.map { every.dropFirst().reduce(0, +) / $0.dropFirst().reduce(0, +) }
    guard !json else {
      let line: JSON = [
        "epoch_seconds": .array(every.map { .number($0) }),
        "epoch_seconds_once": once.map { .array($0.map { .number($0) }) } ?? .null,
        "factor": factor.map { .number($0) } ?? .null, "factor_after_first": later.map { .number($0) } ?? .null,
        "batch": JSON(batch), "steps": JSON(steps), "threads": JSON(model.threads),
      ]
      return Terminal.print(line.text())
    }
    func text(_ seconds: [Double]) -> String { seconds.map { NumberText.short($0, digits: 3) }.joined(separator: ", ") }
    Terminal.print("frozen layers computed in every epoch: \(text(every)) s")
    guard let once, let factor, let later else {
      return Terminal.print("no frozen layers can be computed once")
    }
    Terminal.print(
      "computed once:                         \(text(once)) s: \(NumberText.short(factor, digits: 3)) times faster in "
        + "\(epochs) epochs, \(NumberText.short(later, digits: 3)) times from the second on")
  }

  /// The file itself, or the first of its name with a known ending.
  private var completed: ModelArguments {
    guard let name = model.model, access(name, F_OK) != 0 else { return model }
    var completed = model
    completed.model = [".keras", ".h5"].map { name + $0 }.first { access($0, F_OK) == 0 } ?? name
    return completed
  }
}
