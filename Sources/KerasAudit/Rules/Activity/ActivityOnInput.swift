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
    To continue training identically, penalise the input tensor (`convert --activity-semantics as-saved`); to get what was intended, leave it.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    guard subject.isStandalone(before: ActivityReleases.nestedFixed), let version = subject.version else { return [] }
    let isFaulty = version >= ActivityReleases.nestedOnInput
    var findings: [Finding] = []
    for (layer, penalty) in subject.penalised {
      // A nested layer of older releases: their own rule says what became of it.
      if layer.nesting > 0, !isFaulty, !(layer.isFirstInSequentials && version >= ActivityReleases.inLayerCall) {
        continue
      }
      // Losses of a model inside TimeDistributed were not collected at all: a rule of its own.
      if layer.isInTimeDistributedModel { continue }
      if let reason = reasonNotAffected(layer, penalty, version: version) {
        findings.append(notAffected(layer, penalty, reason, subject))
      } else {
        findings.append(hit(layer, penalty, subject))
      }
    }
    return findings
  }

  private func reasonNotAffected(_ layer: AuditedLayer, _ penalty: ActivityPenalty, version: KerasVersion) -> String? {
    if layer.nesting == 0 {
      return "it is a direct layer of the model, and only layers inside a model called as a layer were hit"
    }
    if penalty.isLayer { return "an ActivityRegularization layer's input is its output" }
    if layer.isFirstInSequentials, version < ActivityReleases.firstIsCalled {
      return "its model is first in a Sequential, where releases before 2.1.0 did not call it anew"
    }
    return nil
  }

  private func hit(_ layer: AuditedLayer, _ penalty: ActivityPenalty, _ subject: AuditSubject) -> Finding {
    Finding(
      rule: id, severity: .error, layer: layer.path,
      location: subject.location(layer, "activity_regularizer"),
      summary: "The activity regularizer of this \(layer.className) penalised the layer's inputs, not its outputs.",
      meantWhenSaved:
        "\(penalty.formula("in")), summed over the batch: in \(subject.release) a layer inside a model called "
        + "as a layer was penalised on its inputs; its own weights got no gradient from that, earlier layers did "
        + "(measured: 12 where the outputs give 72).",
      meansNow: "(\(penalty.formula("out"))) / batch size: current Keras takes the outputs.",
      advice: "To train on as it was: --activity-semantics as-saved (the penalty moves to the layer's input) with "
        + "--batch-size. To get what was intended: --activity-semantics intended. Predictions are the same either way.")
  }

  private func notAffected(
    _ layer: AuditedLayer, _ penalty: ActivityPenalty, _ reason: String, _ subject: AuditSubject
  ) -> Finding {
    Finding(
      rule: id, severity: .note, layer: layer.path,
      location: subject.location(layer, "activity_regularizer", "l2", "l1"),
      summary: "Not affected by the activity regularizer fault of Keras before 2.1.4: \(reason).",
      meantWhenSaved: "\(penalty.formula("out"))\(ActivityTerms.divisor(subject.version)): "
        + "\(subject.release) took the outputs (measured: 72 of 72).",
      meansNow: "(\(penalty.formula("out"))) / batch size.",
      advice: "Nothing to do for this fault.")
  }
}

/// Words that several activity rules share.
enum ActivityTerms {
  /// How a release divided: in words to stand behind a formula.
  static func divisor(_ version: KerasVersion?) -> String {
    guard let version else { return "" }
    return ActivityReleases.sums(version) ? ", summed over the batch" : " / batch size"
  }
}
