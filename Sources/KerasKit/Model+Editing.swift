import KerasCore
import KerasModel
import KerasTraining

extension Model {
  /// A model with other regularizers, and what was changed; see `RegularizerEdit`.
  public func editing(
    _ edits: [RegularizerEdit]
  ) throws(KerasKitError) -> (model: Model, changes: [RegularizerChange]) {
    var loaded = loaded
    let changes: [RegularizerChange]
    do { changes = try loaded.edit(edits) } catch { throw .edit(error) }
    return (try Model(loaded), changes)
  }

  /// A model with a new classifier on the features before its last one; see `HeadReplacement`.
  public func replacingHead(_ request: HeadReplacement) throws(KerasKitError) -> (model: Model, head: ReplacedHead) {
    var loaded = loaded
    let head: ReplacedHead
    do { head = try loaded.replaceHead(request) } catch { throw .edit(error) }
    return (try Model(loaded), head)
  }

  /// What `fineTune` would do with the same arguments; the model is not changed.
  public func previewTraining(
    _ data: any SampleSource, validation: (any SampleSource)? = nil, _ fit: FitOptions,
    options: TrainingOptions = TrainingOptions(),
    activitySemantics: ActivitySemantics = .asSaved
  ) throws(KerasKitError) -> TrainingPreview {
    try KerasKitError.wrap {
      try Trainer(model: loaded, options: trainerOptions(options, activitySemantics))
        .preview(data, validation: validation, fit)
    }
  }

  /// The options with what the model itself decides.
  func trainerOptions(_ options: TrainingOptions, _ activitySemantics: ActivitySemantics) -> TrainingOptions {
    var options = options
    options.threads = threads
    options.sharesWorkFrom = sharesWorkFrom
    if activitySemantics == .intended {
      options.semantics = (options.semantics ?? loaded.semantics).withIntendedActivity
    }
    return options
  }
}
