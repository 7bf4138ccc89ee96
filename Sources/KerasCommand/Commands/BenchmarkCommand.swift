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

      Example:
        keraskit benchmark model.keras --batch 1 --threads 2 --seconds 2 --json
      """)

  @OptionGroup var model: ModelArguments

  @Option(help: ArgumentHelp("Samples per call.", valueName: "n"))
  var batch = 1

  @Option(help: ArgumentHelp("Threads; if not given all processors, one for small models.", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("How long to repeat.", valueName: "s"))
  var seconds = 2.0

  @Flag(help: "Time a training step: forward, backward and update.")
  var train = false

  @Option(help: ArgumentHelp("With --train: a loss instead of the file's.", valueName: "name"))
  var loss: String?

  @Option(help: ArgumentHelp("With --train: an optimizer instead of the file's.", valueName: "name"))
  var optimizer: String?

  @Flag(help: "Print one JSON line.")
  var json = false

  func validate() throws {
    if batch < 1 { throw ValidationError("--batch should be at least 1") }
    if let threads, threads < 1 { throw ValidationError("--threads should be at least 1") }
    if !(seconds >= 0 && seconds <= 3600) { throw ValidationError("--seconds should be between 0 and 3600") }
  }

  func run() throws {
    let model = try completed.load()
    if let threads { model.threads = threads }
    let options = TrainingOptions(loss: loss, optimizer: optimizer.map { .string($0) })
    let times =
      train
      ? try model.benchmarkTraining(batchSize: batch, seconds: seconds, options: options)
      : try model.benchmark(batchSize: batch, seconds: seconds)
    if json {
      let line: JSON = [
        "median_ms": .number(times.median), "min_ms": .number(times.minimum), "calls": JSON(times.calls),
        "batch": JSON(batch), "threads": JSON(model.threads),
      ]
      Terminal.print(line.text())
    } else {
      let rate = Double(batch) / times.median * 1000
      Terminal.print(
        "median \(NumberText.short(times.median)) ms, minimum \(NumberText.short(times.minimum)) ms, "
          + "\(NumberText.short(rate)) samples/s, \(times.calls) calls, \(model.threads) threads")
    }
  }

  /// The file itself, or the first of its name with a known ending.
  private var completed: ModelArguments {
    guard let name = model.model, access(name, F_OK) != 0 else { return model }
    var completed = model
    completed.model = [".keras", ".h5"].map { name + $0 }.first { access($0, F_OK) == 0 } ?? name
    return completed
  }
}
