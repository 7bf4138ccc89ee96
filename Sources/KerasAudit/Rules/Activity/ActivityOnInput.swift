import KerasCore

/// The fault before 2.1.4: activity regularizers of layers inside called models looked at inputs.
struct ActivityOnInput: AuditRule {
  let id = "act-reg-on-input"
  let title = "Activity regularizer computed on the layer's inputs"
  let severity = Severity.error
  let family = RuleFamily.activity
  let consequence = Consequence.training
  let affected = "Keras 2.0.3 to 2.1.3, layers inside a model that is called as a layer"
  let explanation = """
    In Keras 2.0.3 to 2.1.3 a model that was called as a layer (Sequential in Sequential, Model in Model, Model(inputs,
    base(x)), multi-GPU copies) ran its layers again through Container.run_internal_graph, which evaluated each layer's
    activity regularizer on the layer's input tensors instead of its outputs. The layer's own weights got no gradient from
    it; earlier layers did. Commit 466bb39 brought it (first release 2.0.3), 45e478a5c0 removed it (issue #9267, first
    release 2.1.4).
    The fault is narrower than it is usually told: layers called directly (plain Sequential, functional, shared) used
    their outputs in every release from 0.3.3 on. From 1.2.0 to 2.0.2 a called model dropped the penalty instead. A model
    that is first in a Sequential was called anew only from 2.1.0 on. For an ActivityRegularization layer input and
    output are the same tensor. tf.keras never had the fault.
    Measured on the releases: x = ones(4, 3), Dense(2) with ones, activity l2 = 1 has output penalty 72 and input penalty
    12. Nested: 12 in 2.0.3, 2.0.6, 2.0.8, 2.0.9, 2.1.0, 2.1.2 and 2.1.3; 72 in 2.1.4 and 2.2.4. Direct: 72 in all.
    It is a term of the loss only: predictions are unaffected and trained weights stay valid.
    """
  let fix = """
    To continue training identically, penalise the input tensor (`convert --activity-semantics as-saved`); to get what was
    intended, `convert --activity-semantics intended`.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    guard let saved = subject.savedRelease else { return [] }
    return subject.penalised.compactMap { layer, penalty in
      let then = subject.activityRule(layer, in: saved)
      let now = subject.activityRule(layer, in: subject.target)
      if let then, let now, !penalty.isLayer, (then.tensor == .input) != (now.tensor == .input) {
        return then.tensor == .input ? wasHit(layer, penalty, subject) : willBeHit(layer, penalty, saved, subject)
      }
      guard now?.tensor != .input, let then, then.tensor != .input || penalty.isLayer,
        let reason = reasonNotAffected(layer, penalty, saved)
      else { return nil }
      return notAffected(layer, penalty, reason, saved, subject)
    }
  }

  /// Why a model of a release that people think of as faulty is not hit.
  private func reasonNotAffected(_ layer: AuditedLayer, _ penalty: ActivityPenalty, _ saved: Release) -> String? {
    // Losses of a model inside TimeDistributed were not collected at all: a rule of its own.
    guard saved.isStandalone(before: ActivityReleases.nestedFixed), !layer.isInTimeDistributedModel else { return nil }
    if layer.nesting == 0 {
      return "it is a direct layer of the model, and only layers inside a model called as a layer were hit"
    }
    guard saved.version >= ActivityReleases.inLayerCall else { return nil }
    if penalty.isLayer { return "an ActivityRegularization layer's input is its output" }
    if layer.isFirstInSequentials, saved.version < ActivityReleases.firstIsCalled {
      return "its model is first in a Sequential, where releases before 2.1.0 did not call it anew"
    }
    return nil
  }

  private func wasHit(_ layer: AuditedLayer, _ penalty: ActivityPenalty, _ subject: AuditSubject) -> Finding {
    Finding(
      rule: id, severity: .error, layer: layer.path,
      location: subject.location(layer, "activity_regularizer"),
      summary: "The activity regularizer of this \(layer.className) penalised the layer's inputs, not its outputs.",
      meantWhenSaved:
        "\(penalty.formula("in")), summed over the batch: in \(subject.release) a layer inside a model called "
        + "as a layer was penalised on its inputs; its own weights got no gradient from that, earlier layers did "
        + "(measured: 12 where the outputs give 72).",
      meansNow: "\(subject.activityFormula(layer, penalty, in: subject.target)): \(subject.target) takes the outputs.",
      advice:
        "To train on as it was: `convert --activity-semantics as-saved` (the penalty moves to the layer's input) with "
        + "`--batch-size N`. To get what was intended: `convert --activity-semantics intended`. Predictions are the same "
        + "either way.")
  }

  private func willBeHit(
    _ layer: AuditedLayer, _ penalty: ActivityPenalty, _ saved: Release, _ subject: AuditSubject
  ) -> Finding {
    Finding(
      rule: id, severity: .error, layer: layer.path,
      location: subject.location(layer, "activity_regularizer"),
      summary:
        "\(subject.target) penalises the inputs of this \(layer.className), not its outputs: its model is called as "
        + "a layer.",
      meantWhenSaved: "\(subject.activityFormula(layer, penalty, in: saved)): \(subject.release) took the outputs.",
      meansNow:
        "\(subject.activityFormula(layer, penalty, in: subject.target)) (measured: 12 where the outputs give 72).",
      advice:
        "No factor makes up for it. An ActivityRegularization layer behind this one, in its place, is penalised on "
        + "what it passes on in every release.")
  }

  private func notAffected(
    _ layer: AuditedLayer, _ penalty: ActivityPenalty, _ reason: String, _ saved: Release, _ subject: AuditSubject
  ) -> Finding {
    Finding(
      rule: id, severity: .note, layer: layer.path,
      location: subject.location(layer, "activity_regularizer", "l2", "l1"),
      summary: "Not affected by the activity regularizer fault of Keras before 2.1.4: \(reason).",
      meantWhenSaved: "\(subject.activityFormula(layer, penalty, in: saved)): "
        + "\(subject.release) took the outputs (measured: 72 of 72).",
      meansNow: "\(subject.activityFormula(layer, penalty, in: subject.target)).",
      advice: "Nothing to do for this fault.")
  }
}
