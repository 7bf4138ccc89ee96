import KerasCore

/// Inside TimeDistributed with a fixed batch size, standalone Keras counted an activity penalty twice.
struct ActivityTimeDistributedTwice: AuditRule {
  let id = "act-reg-timedistributed-double"
  let title = "Activity penalty inside TimeDistributed was counted twice"
  let severity = Severity.warning
  let family = RuleFamily.activity
  let consequence = Consequence.training
  let affected = "Keras 2.0.3 to 2.3.1 with a fixed batch size (batch_input_shape, stateful)"
  let explanation = """
    TimeDistributed.call adds its layer's activity penalty, and the wrapper's own activity_regularizer property makes
    Layer.__call__ add it again. With an unknown batch size the first copy is tied to a reshaped tensor and never collected,
    so it counts once; with a fixed batch size both count. Measured in 2.0.3, 2.1.0, 2.1.3, 2.1.4, 2.2.4 and 2.3.1: 360
    with an unknown batch, 360 + 360 with a fixed one; once in 1.2.2 and 2.0.0.
    """
  let fix = """
    Double the factors, in an ActivityRegularization layer behind the TimeDistributed.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    guard subject.hasFixedBatch,
      subject.isStandalone(from: ActivityReleases.nestedOnInput, before: ActivityReleases.standaloneEnds)
    else { return [] }
    return subject.penalised.filter { $0.layer.timeDistributed != nil }.map { layer, penalty in
      Finding(
        rule: id, severity: .warning, layer: layer.path, location: subject.location(layer, "activity_regularizer"),
        summary: "This activity penalty was counted twice, because the batch size is fixed.",
        meantWhenSaved: "2·(\(penalty.formula("out"))) over all steps and the batch (measured: 360 + 360).",
        meansNow: "0: Keras 3 ignores activity regularizers inside TimeDistributed.",
        advice: "To train on as it was, double l1 and l2 and put them into an ActivityRegularization layer behind the "
          + "TimeDistributed; `--activity-semantics as-saved` applies the doubled penalty when fine-tuning here.")
    }
  }
}

/// Keras 3 does not collect activity penalties of a layer inside TimeDistributed.
struct ActivityTimeDistributedDropped: AuditRule {
  let id = "act-reg-timedistributed-dropped"
  let title = "Activity regularizer inside TimeDistributed is ignored by Keras 3"
  let severity = Severity.warning
  let family = RuleFamily.activity
  let consequence = Consequence.training
  let affected = "any file loaded by Keras 3 (measured: 3.15.1)"
  let explanation = """
    TimeDistributed of Keras 3 runs its layer in a loop or a vectorised map, and the penalties made inside never reach the
    model's losses, in graph mode too (measured on 3.15.1 for Dense and Conv1D: losses is empty). Earlier releases had
    them: the sum over all steps up to 2.3.1, that divided by batch and steps in tf.keras. 1.0.8 had nothing.
    """
  let fix = """
    Put an ActivityRegularization layer behind the TimeDistributed.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    subject.penalised.filter { $0.layer.timeDistributed != nil }.map { layer, penalty in
      let saved = subject.version
      let wasIgnored = saved.map { $0.major >= 3 || $0.major == 1 && $0 < ActivityReleases.inLayerCall } ?? false
      return Finding(
        rule: id, severity: wasIgnored ? .note : .warning, layer: layer.path,
        location: subject.location(layer, "activity_regularizer"),
        summary: "Keras 3 ignores this activity regularizer, because its layer is inside TimeDistributed.",
        meantWhenSaved: wasIgnored
          ? "0: \(subject.release) ignored it too."
          : "\(penalty.formula("out")) over all steps"
            + (saved?.isTensorFlow == true ? ", divided by batch size and steps." : ", summed over the batch."),
        meansNow: "0: model.losses is empty (measured on 3.15.1).",
        advice: "To keep a penalty in Keras 3, put an ActivityRegularization layer behind the TimeDistributed.")
    }
  }
}

/// tf.keras divides a penalty inside TimeDistributed by the number of steps too.
struct ActivityTimeDistributedDivisor: AuditRule {
  let id = "act-reg-td-divisor"
  let title = "Activity penalty inside TimeDistributed was divided by the steps as well"
  let severity = Severity.note
  let family = RuleFamily.activity
  let consequence = Consequence.training
  let affected = "tf.keras of TensorFlow 1.13 to 2.15"
  let explanation = """
    TimeDistributed of tf.keras folds the time axis into the batch before it calls its layer, and the penalty is divided by
    the first axis of what the layer puts out: batch times steps. Measured in TensorFlow 1.15, 2.5, 2.12, 2.13 and 2.15:
    360/20 = 18 for a batch of 4 with 5 steps. Standalone Keras summed over all steps.
    """
  let fix = """
    Divide the factors by the number of steps, in an ActivityRegularization layer behind the TimeDistributed.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    guard let version = subject.version, version.isTensorFlow, version.major < 3,
      version >= ActivityReleases.tensorFlowDivides
    else { return [] }
    return subject.penalised.filter { $0.layer.timeDistributed != nil }.map { layer, penalty in
      Finding(
        rule: id, severity: .note, layer: layer.path, location: subject.location(layer, "activity_regularizer"),
        summary: "This activity penalty was divided by batch size and number of steps.",
        meantWhenSaved: "(\(penalty.formula("out"))) / (batch size · steps).",
        meansNow: "0: Keras 3 ignores it (act-reg-timedistributed-dropped).",
        advice: "Behind the TimeDistributed an ActivityRegularization with l1 and l2 divided by the steps is the same.")
    }
  }
}
