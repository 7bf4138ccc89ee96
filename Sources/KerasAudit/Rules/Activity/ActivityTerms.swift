import KerasCore
import KerasModel

/// What activity rules ask of a layer and a release; the answers are the trainer's, `TrainingSemantics.activityRule`.
extension AuditSubject {
  /// The release that saved the file, if it says so.
  var savedRelease: Release? { version == nil ? nil : savedReleases.first }

  /// Where an activity regularizer stands.
  func place(_ layer: AuditedLayer) -> ActivityPlace {
    let holder: ActivityPlace.Holder =
      layer.bidirectional != nil
      ? .bidirectional
      : layer.timeDistributed != nil ? .timeDistributed : layer.isInTimeDistributedModel ? .timeDistributedModel : .none
    return ActivityPlace(
      className: layer.className, nesting: layer.nesting, isFirstInSequentials: layer.isFirstInSequentials,
      holder: holder, hasFixedBatch: hasFixedBatch, isShared: layer.isShared)
  }

  /// What a release penalises there; `nil` if nothing.
  func activityRule(_ layer: AuditedLayer, in release: Release) -> ActivityRule? {
    release.training.activityRule(at: place(layer))
  }

  /// The same were the layer a direct one of the outer model.
  func directActivityRule(_ layer: AuditedLayer, in release: Release) -> ActivityRule? {
    var place = place(layer)
    place.nesting = 0
    place.isFirstInSequentials = false
    return release.training.activityRule(at: place)
  }

  /// Whether a release forgets the penalty because of the model around the layer.
  func isDroppedForNesting(_ layer: AuditedLayer, in release: Release) -> Bool {
    guard layer.nesting > 0, activityRule(layer, in: release) == nil else { return false }
    return layer.isInTimeDistributedModel || directActivityRule(layer, in: release) != nil
  }

  /// What a release adds to the loss for a layer, as a formula: `(0.02·Σout²) / batch size`.
  func activityFormula(_ layer: AuditedLayer, _ penalty: ActivityPenalty, in release: Release) -> String {
    guard let rule = activityRule(layer, in: release) else { return "0" }
    var text =
      switch rule.tensor {
      case .input: penalty.formula(penalty.isLayer ? "out" : "in")
      case .merged: penalty.formula("merged")
      case .output where layer.bidirectional != nil:
        penalty.formula("forward") + " + " + penalty.formula("backward")
      case .output: penalty.formula("out")
      }
    if rule.factor != 1 { text = "\(Int(rule.factor))·(\(text))" }
    switch rule.divisor {
    case .none: return text + ", summed over the batch"
    case .rows where layer.timeDistributed != nil || layer.isInTimeDistributedModel:
      return "(\(text)) / (batch size · steps)"
    case .rows, .batch: return "(\(text)) / batch size"
    }
  }

  /// How to bring factors over to the target.
  var matchAdvice: String {
    "`audit --match-loss \(target.argument) --batch-size N` gives the factors for batches of N."
  }
}

extension Release {
  /// As options take it: `keras==2.1.3`, `tf.keras==2.5.0`, `keras==1.2.2+theano`.
  var argument: String {
    (version.isTensorFlow ? "tf.keras==" : "keras==") + version.description + (isTheano ? "+theano" : "")
  }
}
