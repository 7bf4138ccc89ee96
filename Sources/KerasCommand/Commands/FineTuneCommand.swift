import ArgumentParser
import Foundation
import KerasKit

struct FineTuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fine-tune",
    abstract: "Trains a model further and writes the result as .keras or .h5.",
    discussion: """
      Loss and optimizer are the file's own unless given. Regularizers count as the saving release counted them, or as
      documented with --activity-semantics intended; --semantics keras==X.Y.Z trains by another release's rules.

      A .keras output is a current model. An .h5 output of an .h5 model stays in the format of the release that saved it
      (--layout source), so that the program that used it can go on; --layout keras3 writes Keras 3's.

      Data that is larger than memory is read as it is needed (--shuffle-buffer). Targets that are texts become classes; which
      number stands for which is written to OUTPUT.labels.json, where evaluate and predict find it.

      Ctrl-C finishes the step, writes a checkpoint and says how to go on; a second Ctrl-C ends at once.

      Images are read in the order of Keras' image_dataset_from_directory and resized to the model's input.

      Examples:
        keraskit fine-tune model.h5 --train data.npz --epochs 5 --freeze 'conv*' --output tuned.keras
        keraskit fine-tune model.h5 --train data.npz --add-regularizer 'dense_*: activity=l2(1e-4)' --dry-run
        keraskit fine-tune model.h5 --train data.npz --batch-size 64 --memory-limit 2GB --output tuned.keras
        keraskit fine-tune model.h5 --train photos/ --rescale 1/255 --validation-split 0.2 --output tuned.keras
      """)

  @OptionGroup var model: ModelArguments
  @OptionGroup(title: "Data") var data: TrainingDataArguments
  @OptionGroup(title: "Folders of images") var images: ImageArguments
  @OptionGroup(title: "Training") var loop: TrainingLoopArguments
  @OptionGroup(title: "Callbacks and reports") var watch: TrainingWatchArguments
  @OptionGroup(title: "Changes to the model") var edits: ModelEditArguments
  @OptionGroup(title: "Before training") var plan: DryRunArguments
  @OptionGroup(title: "Output") var result: TrainedModelArguments
  @OptionGroup(title: "Output") var page: ReportArguments

  func run() throws {
    if !plan.dryRun { try result.checkFile() }
    try page.check(force: result.force)
    let (model, changes) = try edits.applied(to: model.load(), loss: loop.loss, seed: loop.seed)
    if !plan.dryRun { try result.check(model) }
    if let threads = loop.threads { model.threads = threads }
    let checkpoint = try watch.resume.map { path in
      do { return try Checkpoint.read(path) } catch { throw CommandFailure.input("\(error)") }
    }
    let (training, validation, labels) = try openData(for: model)
    let activity = loop.activitySemantics.semantics
    let (fit, options) = (fitOptions(checkpoint), try options(training))
    if plan.dryRun {
      let preview = try model.previewTraining(
        training, validation: validation, fit, options: options, activitySemantics: activity)
      return Terminal.print(watch.json ? PreviewText.json(preview).text() : PreviewText.text(preview))
    }
    if watch.resume != nil {
      AtomicFile.removeAbandoned(watch.checkpointPath(output: result.output))
      AtomicFile.removeAbandoned(result.output)
    }
    let output = try RunOutput(watch)
    let before = try page.spreads(of: model, on: training)
    let tuning = try model.fineTuning(
      training, validation: validation, fit: fit, options: options, activitySemantics: activity)
    if let problem = tuning.run.trainer.stateProblem {
      Terminal.printNote("warning: the optimizer begins with a fresh state: \(problem)")
    }
    var record = RunRecord(tuning.run)
    Interruption.watch()
    try train(tuning, output, &record)
    if case .interrupted(let path)? = tuning.ending {
      try output.end(.interrupted(checkpoint: path), tuning.run, output: nil)
      throw interruption(tuning.run)
    }
    try result.write(model, activitySemantics: activity, batchSize: loop.batchSize, isQuiet: watch.json)
    if let labels { try labels.write(to: LabelMap.path(forModel: result.output)) }
    if page.report != nil {
      let after = try page.spreads(of: model, on: training)
      try page.write(
        report(model, tuning.run, record, before: before, after: after, changes: changes), isQuiet: watch.json)
    }
    try output.end(tuning.ending ?? .finished, tuning.run, output: result.output)
  }

  /// Training and validation data, and the classes of their targets.
  private func openData(
    for model: Model
  ) throws -> (training: any SampleSource, validation: (any SampleSource)?, labels: LabelMap?) {
    // A new classifier has classes of its own.
    let known = edits.replaceHead == nil ? try ModelLabels.read(nil, forModel: self.model.model) : nil
    var options = data.samples.options(images, loss: loop.loss, labels: known)
    // The last images of a folder are all of one class.
    if data.validationSplit != nil { options.shuffleSeed = loop.seed }
    let opened = try SampleFile.open(data.train, for: model, options)
    guard let path = data.validation else {
      guard let share = data.validationSplit else { return (opened.source, nil, opened.labels) }
      let parts: (training: any SampleSource, validation: any SampleSource) = try opened.source.split(
        validationFraction: share)
      return (parts.training, parts.validation, opened.labels)
    }
    options.labels = opened.labels
    return (opened.source, try SampleFile.open(path, for: model, options).source, opened.labels)
  }

  private func options(_ training: any SampleSource) throws -> TrainingOptions {
    var options = TrainingOptions(
      loss: loop.loss, optimizer: loop.optimizer.map { .string($0) }, learningRate: loop.learningRate,
      freeze: edits.freeze, unfreeze: edits.unfreeze, semantics: loop.semantics?.semantics,
      classWeights: try data.classWeight?.weights(for: training) ?? [:],
      metrics: loop.metric.isEmpty ? nil : loop.metric, seed: loop.seed)
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: data.train, isDirectory: &isFolder)
    options.augmentation = try edits.augmentation(
      folderScale: exists && isFolder.boolValue ? images.rescale.value : nil)
    options.memoryLimit = data.samples.stepMemoryLimit
    options.prefixCache.memoryLimit = data.cacheLimit.value
    // A disk that has room for the model's file is the likelier one to have room for more.
    options.prefixCache.folder = result.file.map { ($0 as NSString).deletingLastPathComponent }
    options.schedule = try loop.schedule.map { try LearningRate(text: $0) }
    return options
  }

  private func fitOptions(_ checkpoint: Checkpoint?) -> FitOptions {
    var fit = FitOptions(epochs: loop.epochs, batchSize: loop.batchSize, shuffles: !loop.noShuffle)
    fit.usesAverages = loop.useAverages
    fit.shuffleBuffer = data.shuffleBuffer
    fit.earlyStopping = watch.earlyStopping?.value
    fit.reduceOnPlateau = watch.reduceOnPlateau?.value
    fit.checkpoints = CheckpointOptions(
      path: watch.checkpointPath(output: result.output), every: watch.checkpointEvery?.value)
    fit.resume = checkpoint
    fit.isInterrupted = { Interruption.isRequested }
    return fit
  }

  private func train(_ tuning: FineTuning, _ output: RunOutput, _ record: inout RunRecord) throws {
    do {
      try output.begin(tuning.run, command: CommandLine.arguments)
      while let progress = try tuning.next() {
        record.add(progress)
        try output.step(progress, tuning.run)
      }
    } catch {
      output.fail(error)
      guard case KerasKitError.training(let cause) = error, cause.isNotFinite else { throw error }
      let kept = tuning.run.lastCheckpoint ?? watch.resume
      throw CommandFailure(
        message: "\(error)" + (kept.map { "; the last good checkpoint is \($0)" } ?? "; there is no checkpoint"),
        status: .findings)
    }
  }

  private func interruption(_ run: TrainingRun) -> CommandFailure {
    var arguments = CommandLine.arguments
    while let index = arguments.firstIndex(where: { $0 == "--resume" || $0.hasPrefix("--resume=") }) {
      let isPair = arguments[index] == "--resume"
      arguments.removeSubrange(index..<min(index + (isPair ? 2 : 1), arguments.count))
    }
    arguments += ["--resume", watch.checkpointPath(output: result.output)]
    let place =
      run.stepsDone == 0
      ? "after epoch \(run.epochsDone)" : "in epoch \(run.epochsDone + 1), after step \(run.stepsDone)"
    return CommandFailure(
      message: "interrupted \(place); to go on: \(arguments.map(ShellWord.quoted).joined(separator: " "))",
      status: .interrupted)
  }

  private func report(
    _ model: Model, _ run: TrainingRun, _ record: RunRecord, before: [LayerSpread], after: [LayerSpread],
    changes: [String]
  ) -> TrainingReport {
    var conditions: [(name: String, value: String)] = [
      ("KerasKit", KerasKitCommand.configuration.version),
      ("training as in", (loop.semantics?.semantics ?? model.loaded.semantics).name),
      ("seed", String(loop.seed)), ("threads", String(model.threads)), ("data", data.train),
    ]
    if let recomputation = run.recomputation { conditions.append(("memory", PreviewText.text(recomputation))) }
    if let augment = edits.augment { conditions.append(("augmentation", augment)) }
    if let validation = data.validation { conditions.append(("validation data", validation)) }
    return TrainingReport(
      model: model.loaded.source.file, semantics: (loop.semantics?.semantics ?? model.loaded.semantics).name,
      sourceVersion: model.loaded.source.versionStamp, changes: changes, record: record, before: before, after: after,
      batchSize: loop.batchSize, command: ReportArguments.command, conditions: conditions,
      optimizer: loop.optimizer ?? model.loaded.canonical.compile?["optimizer"]?["class_name"]?.stringValue ?? "")
  }
}
