import KerasKit

/// What a training run says on its way: progress bar, lines, `--log` and `--json`.
final class RunOutput {
  private let bar = ProgressBar(delay: .milliseconds(300))
  private let watch: TrainingWatchArguments
  private let log: RunLog?
  private let start = ContinuousClock.now
  /// Steps of the whole run that this process made.
  private var stepsMade = 0

  init(_ watch: TrainingWatchArguments) throws {
    self.watch = watch
    log = try watch.log.map { try RunLog($0) }
  }

  func begin(_ run: TrainingRun, command: [String]) throws {
    if let prefix = run.prefix { Terminal.printNote(PreviewText.text(prefix)) }
    if let obstacle = run.prefixObstacle { Terminal.printNote(PreviewText.text(prefixObstacle: obstacle)) }
    if let problem = run.resumeProblem { Terminal.printNote("warning: \(problem)") }
    try log?.add(
      watch.resume == nil ? "start" : "resume",
      [
        "keraskit": .string(KerasKitCommand.configuration.version), "command": .array(command.map { .string($0) }),
        "epochs": JSON(run.fit.epochs), "epochs_done": JSON(run.epochsDone), "steps_done": JSON(run.stepsDone),
        "steps": JSON(run.steps), "batch_size": JSON(run.fit.batchSize),
        "computed_once": .array((run.prefix?.layers ?? []).map { .string($0) }),
      ])
  }

  func step(_ progress: TrainingProgress, _ run: TrainingRun) throws {
    if stepsMade == 0, let recomputation = run.recomputation {
      Terminal.printNote(PreviewText.text(recomputation))
      try log?.add("recomputation", PreviewText.json(recomputation))
    }
    stepsMade += 1
    let total = progress.steps * progress.epochs
    let done = (progress.epoch - 1) * progress.steps + progress.step
    let left = (ContinuousClock.now - start).inSeconds / Double(stepsMade) * Double(total - done)
    bar.show(done: done, total: total, TrainingText.line(progress) + "  ETA \(TrainingText.duration(left))")
    if watch.verbose {
      bar.clear()
      Terminal.print("epoch \(progress.epoch)  step \(progress.step)/\(progress.steps)  \(TrainingText.line(progress))")
      var line = progress.training.json
      line["epoch"] = JSON(progress.epoch)
      line["step"] = JSON(progress.step)
      line["learning_rate"] = .number(progress.learningRate)
      try log?.add("step", line)
    }
    guard progress.isEndOfEpoch, let epoch = run.history.epochs.last else { return }
    bar.clear()
    if !watch.json {
      Terminal.print("epoch \(progress.epoch)/\(progress.epochs)  \(TrainingText.line(progress))")
    }
    var line = epoch.json
    line["epoch"] = JSON(progress.epoch)
    line["samples_per_second"] = .number(progress.samplesPerSecond)
    line["seconds"] = .number((ContinuousClock.now - start).inSeconds)
    try log?.add("epoch", line)
  }

  func end(_ ending: TrainingRun.Ending, _ run: TrainingRun, output: String?) throws {
    bar.clear()
    var result = Self.json(ending)
    result["output"] = output.map { .string($0) } ?? .null
    try log?.add("end", result)
    guard watch.json else { return }
    result["recomputation"] = PreviewText.json(run.recomputation)
    result["epochs"] = .array(run.history.epochs.map(\.json))
    Terminal.print(result.text())
  }

  func fail(_ error: any Error) {
    bar.clear()
    try? log?.add("error", ["message": .string("\(error)")])
  }

  private static func json(_ ending: TrainingRun.Ending) -> JSON {
    switch ending {
    case .finished: ["ending": "finished"]
    case .stopped: ["ending": "stopped"]
    case .earlyStopping(let epoch): ["ending": "early_stopping", "epoch": JSON(epoch)]
    case .interrupted(let path): ["ending": "interrupted", "checkpoint": path.map { .string($0) } ?? .null]
    }
  }
}
