import ArgumentParser
import KerasKit

/// How long and how to train.
struct TrainingLoopArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Passes over the data.", valueName: "n"))
  var epochs = 1

  @Option(help: ArgumentHelp("Samples per step.", valueName: "n"))
  var batchSize = 32

  @Option(help: ArgumentHelp("sgd, adam, rmsprop … instead of the file's.", valueName: "name"))
  var optimizer: String?

  @Option(help: ArgumentHelp("Learning rate instead of the optimizer's.", valueName: "rate"))
  var learningRate: Double?

  @Option(
    help: ArgumentHelp(
      "A learning rate that changes with the steps, such as 'cosine(1e-3, steps=1000)'.", valueName: "schedule"))
  var schedule: String?

  @Option(help: ArgumentHelp("A loss instead of the file's.", valueName: "name"))
  var loss: String?

  @Option(help: ArgumentHelp("A metric instead of the file's; may be repeated.", valueName: "name"))
  var metric: [String] = []

  @Flag(help: "Keep the order of the samples.")
  var noShuffle = false

  @Option(help: ArgumentHelp("Seed of shuffling, dropout and noise.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Threads; if not given all processors, one for small models.", valueName: "n"))
  var threads: Int?

  @Flag(help: "End with the averages of an optimizer with use_ema for weights, as Keras' fit does.")
  var useAverages = false

  @Option(help: ReleaseChoice.help)
  var semantics: ReleaseChoice?

  @Option(help: ArgumentHelp("Activity penalties as-saved or intended.", valueName: "as-saved|intended"))
  var activitySemantics = ActivityChoice.asSaved

  func validate() throws {
    if batchSize < 1 { throw ValidationError("--batch-size should be at least 1") }
    if epochs < 1 { throw ValidationError("--epochs should be at least 1") }
    if let threads, threads < 1 { throw ValidationError("--threads should be at least 1") }
    if schedule != nil, learningRate != nil { throw ValidationError("either --schedule or --learning-rate") }
    if let schedule {
      do { _ = try LearningRate(text: schedule) } catch { throw ValidationError("--schedule: \(error)") }
    }
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate should be above 0")
    }
  }
}
