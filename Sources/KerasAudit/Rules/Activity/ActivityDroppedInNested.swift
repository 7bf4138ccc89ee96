import KerasCore

/// Called models of Keras 1.2.0 to 2.0.2 forgot their layers' activity regularizers; earlier ones could not be trained.
struct ActivityDroppedInNested: AuditRule {
  let id = "act-reg-nested-dropped"
  let title = "Activity regularizer inside a called model was ignored"
  let severity = Severity.warning
  let family = RuleFamily.activity
  let consequence = Consequence.training
  let affected =
    "Keras 1.2.0 to 2.0.2 (1.0 and 1.1: such a model could not be trained); inside TimeDistributed up to 2.3.1 and tf.keras 1.12"
  let explanation = """
    From Keras 1.2.0 to 2.0.2 a layer adds its activity penalty when it is called, but a model called as a layer runs its
    layers without calling them, so the penalty of the new application is never made: loss 0, no gradient. Measured on
    1.2.2, 2.0.0, 2.0.1 and 2.0.2 for Dense, Conv2D, LSTM, TimeDistributed and Bidirectional. A model that stands first in
    a Sequential reuses its own tensors there and keeps the penalty. In 1.0.8 the training function of such a model cannot
    be built. A model inside TimeDistributed loses its penalties up to 2.3.1 and in tf.keras of TensorFlow 1.12 (an error in
    1.2.2, 2.0.0 and 2.0.2).
    """
  let fix = """
    Drop the regularizer to train on as it was (`convert --activity-semantics as-saved`), or keep it knowingly.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    guard let saved = subject.savedRelease else { return [] }
    return subject.penalised.compactMap { layer, penalty in
      guard layer.nesting > 0 else { return nil }
      let then = subject.activityFormula(layer, penalty, in: saved)
      let now = subject.activityFormula(layer, penalty, in: subject.target)
      if subject.isDroppedForNesting(layer, in: subject.target), !subject.isDroppedForNesting(layer, in: saved),
        then != "0"
      {
        return finding(
          layer, subject,
          summary:
            "The activity regularizer of this layer is ignored by \(subject.target), because its model is called "
            + "as a layer.",
          then: "\(then) (\(subject.release)).", now: "0: \(subject.target) adds nothing for it (measured).",
          advice: "Nothing in the config makes \(subject.target) count it; penalise the called model's output instead.")
      }
      let couldTrain = !saved.isStandalone(from: KerasVersion(1), before: ActivityReleases.inLayerCall)
      guard subject.isDroppedForNesting(layer, in: saved) || !couldTrain, now != "0" else { return nil }
      return finding(
        layer, subject,
        summary: couldTrain
          ? "The activity regularizer of this layer was ignored, because its model is called as a layer."
          : "A nested activity regularizer of Keras 1.0 and 1.1: such a model could not be trained.",
        then: couldTrain
          ? "0: \(subject.release) added nothing for it, and its gradient was 0 (measured)."
          : "Nothing: \(subject.release) could not build the training function of such a model (measured on 1.0.8).",
        now: "\(now): a penalty that the saved weights never saw (\(subject.target)).",
        advice: "To train on as it was, drop it: `convert --activity-semantics as-saved`. To have it count: "
          + "`convert --activity-semantics intended`.")
    }
  }

  private func finding(
    _ layer: AuditedLayer, _ subject: AuditSubject, summary: String, then: String, now: String, advice: String
  ) -> Finding {
    Finding(
      rule: id, severity: .warning, layer: layer.path,
      location: subject.location(layer, "activity_regularizer", "l2", "l1"), summary: summary, meantWhenSaved: then,
      meansNow: now, advice: advice)
  }
}
