import KerasCore

/// Keras before 1.2 had regularizers of their own for activations, and could not train with one of weights in their place.
struct ActivityRejectsWeight: MeaningRule {
  let id = "act-reg-rejects-weight"
  let title = "Activity regularizer that is one for weights"
  let severity = Severity.warning
  let family = RuleFamily.activity
  let consequence = Consequence.training
  let affected = "Keras 0.1 to 1.1.2"
  let explanation = """
    Up to Keras 1.1.2 activations had classes of their own (ActivityRegularizer, activity_l2). A WeightRegularizer as
    activity_regularizer was saved without complaint and raised an exception when the training function was built (measured
    on 1.0.8: "Need to call `set_param` on WeightRegularizer instance"). Such a model has never been trained as it is
    written; from 1.2.0 on the same words are a penalty on activations.
    """
  let fix = """
    Remove the regularizer, unless the penalty is wanted now.
    """

  func places(in subject: AuditSubject) -> [RulePlace] {
    guard subject.savedReleases.contains(where: Self.raises) else { return [] }
    return subject.layers.compactMap { layer in
      guard let saved = subject.savedFields(layer)["activity_regularizer"], Self.isForWeights(saved) else { return nil }
      return RulePlace(
        layer, at: subject.location(layer, "activity_regularizer"), words: saved.text(),
        summary:
          "The activity regularizer of this \(layer.className) is one for weights, with which it could not be trained.")
    }
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    if Self.raises(release) { return .refused("an exception when the training function is built (measured on 1.0.8)") }
    guard let layer = place.audited, let penalty = layer.activityPenalty else { return "a penalty on activations" }
    return Meaning(subject.activityFormula(layer, penalty, in: release))
  }

  private static func raises(_ release: Release) -> Bool { release.isStandalone(before: ActivityReleases.inLayerCall) }

  private static func isForWeights(_ saved: JSON) -> Bool {
    saved["name"] == "WeightRegularizer" || ["l1", "l2", "l1l2"].contains(saved.stringValue)
  }
}
