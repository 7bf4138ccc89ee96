import ArgumentParser
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

      Images are read in the order of Keras' image_dataset_from_directory and resized to the model's input.

      Examples:
        keraskit fine-tune model.h5 --train data.npz --epochs 5 --freeze 'conv*' --output tuned.keras
        keraskit fine-tune model.h5 --train data.npz --add-regularizer 'dense_*: activity=l2(1e-4)' --dry-run
        keraskit fine-tune model.h5 --train photos/ --rescale 1/255 --validation-split 0.2 --output tuned.keras
      """)

  @OptionGroup var model: ModelArguments
  @OptionGroup(title: "Data") var data: TrainingDataArguments
  @OptionGroup(title: "Folders of images") var images: ImageArguments
  @OptionGroup(title: "Training") var loop: TrainingLoopArguments
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
    let samples = try images.read(data.train, for: model, targets: data.target, loss: loop.loss)
    let validation = try data.validation.map {
      try images.read($0, for: model, targets: data.target, loss: loop.loss)
    }
    let trained = Int((Double(samples.count) * (1 - (data.validationSplit ?? 0))).rounded(.down))
    let options = TrainingOptions(
      loss: loop.loss, optimizer: loop.optimizer.map { .string($0) }, learningRate: loop.learningRate,
      freeze: edits.freeze, unfreeze: edits.unfreeze,
      semantics: loop.semantics?.semantics,
      classWeights: try data.classWeight?.weights(for: samples, first: trained) ?? [:], seed: loop.seed)
    let activity = loop.activitySemantics.semantics
    if plan.dryRun {
      let fit = FitOptions(
        epochs: loop.epochs, batchSize: loop.batchSize, shuffles: !loop.noShuffle,
        validationSplit: data.validationSplit)
      let preview = try model.previewTraining(
        samples, validation: validation, fit, options: options, activitySemantics: activity)
      return Terminal.print(plan.json ? PreviewText.json(preview).text() : PreviewText.text(preview))
    }
    let before = try page.spreads(of: model, on: samples)
    var record = RunRecord()
    let bar = ProgressBar(delay: .milliseconds(300))
    try model.fineTune(
      samples, validation: validation, epochs: loop.epochs, batchSize: loop.batchSize,
      validationSplit: data.validationSplit, shuffles: !loop.noShuffle, options: options, activitySemantics: activity
    ) { progress in
      record.add(progress)
      bar.show(
        done: (progress.epoch - 1) * progress.steps + progress.step, total: progress.steps * loop.epochs,
        TrainingText.line(progress))
      if progress.isEndOfEpoch {
        bar.clear()
        Terminal.print("epoch \(progress.epoch)/\(progress.epochs)  \(TrainingText.line(progress))")
      }
      return .proceed
    }
    try result.write(model, activitySemantics: activity, batchSize: loop.batchSize)
    if page.report != nil {
      let after = try page.spreads(of: model, on: samples)
      try page.write(report(model, record, before: before, after: after, changes: changes))
    }
  }

  private func report(
    _ model: Model, _ record: RunRecord, before: [LayerSpread], after: [LayerSpread], changes: [String]
  ) -> TrainingReport {
    var conditions: [(name: String, value: String)] = [
      ("KerasKit", KerasKitCommand.configuration.version),
      ("training as in", (loop.semantics?.semantics ?? model.loaded.semantics).name),
      ("seed", String(loop.seed)), ("threads", String(model.threads)), ("data", data.train),
    ]
    if let validation = data.validation { conditions.append(("validation data", validation)) }
    return TrainingReport(
      model: model.loaded.source.file, semantics: (loop.semantics?.semantics ?? model.loaded.semantics).name,
      sourceVersion: model.loaded.source.versionStamp, changes: changes, record: record, before: before, after: after,
      batchSize: loop.batchSize, command: ReportArguments.command, conditions: conditions,
      optimizer: loop.optimizer ?? model.loaded.canonical.compile?["optimizer"]?["class_name"]?.stringValue ?? "")
  }
}
