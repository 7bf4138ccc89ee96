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
    guard let saved = subject.savedRelease else { return [] }
    return subject.penalised.compactMap { layer, penalty in
      guard layer.timeDistributed != nil else { return nil }
      let wasDoubled = subject.activityRule(layer, in: saved)?.factor == 2
      let isDoubled = subject.activityRule(layer, in: subject.target)?.factor == 2
      guard wasDoubled != isDoubled else { return nil }
      let then = subject.activityFormula(layer, penalty, in: saved)
      let now = subject.activityFormula(layer, penalty, in: subject.target)
      return Finding(
        rule: id, severity: .warning, layer: layer.path, location: subject.location(layer, "activity_regularizer"),
        summary: wasDoubled
          ? "This activity penalty was counted twice, because the batch size is fixed."
          : "\(subject.target) counts this activity penalty twice, because the batch size is fixed.",
        meantWhenSaved: then + (wasDoubled ? ", over all steps (measured: 360 + 360)." : "."),
        meansNow: now
          + (now == "0"
            ? ": \(subject.target) ignores activity regularizers inside TimeDistributed." : " (\(subject.target))."),
        advice: wasDoubled
          ? "To train on as it was, double l1 and l2 and put them into an ActivityRegularization layer behind the "
            + "TimeDistributed; `convert` and `fine-tune` do with --activity-semantics as-saved."
          : subject.matchAdvice)
    }
  }
}

/// Keras 3 does not collect activity penalties of a layer inside TimeDistributed.
struct ActivityTimeDistributedDropped: AuditRule {
  let id = "act-reg-timedistributed-dropped"
  let title = "Activity regularizer inside TimeDistributed is ignored"
  let severity = Severity.warning
  let family = RuleFamily.activity
  let consequence = Consequence.training
  let affected = "any file loaded by Keras 3 (measured: 3.15.1); Keras 1.0 and 1.1; shared ones up to 2.0.2"
  let explanation = """
    TimeDistributed of Keras 3 runs its layer in a loop or a vectorised map, and the penalties made inside never reach the
    model's losses, in graph mode too (measured on 3.15.1 for Dense and Conv1D: losses is empty). Earlier releases had
    them: the sum over all steps up to 2.3.1, that divided by batch and steps in tf.keras. 1.0.8 had nothing, and up to 2.0.2 a
    TimeDistributed called several times had nothing either.
    """
  let fix = """
    Put an ActivityRegularization layer behind the TimeDistributed.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    let target = subject.target
    return subject.penalised.compactMap { layer, penalty in
      guard layer.timeDistributed != nil else { return nil }
      // A file of an unknown release may always have had the penalty.
      let saved = subject.savedRelease
      let wasIgnored = saved.map { subject.directActivityRule(layer, in: $0) == nil } ?? false
      let isIgnored = subject.directActivityRule(layer, in: target) == nil
      guard wasIgnored || isIgnored else { return nil }
      let then =
        saved.map { subject.activityFormula(layer, penalty, in: $0) } ?? "\(penalty.formula("out")) in some way"
      // The model around it lost the penalty already.
      if then == "0", !wasIgnored { return nil }
      return Finding(
        rule: id, severity: wasIgnored && isIgnored ? .note : .warning, layer: layer.path,
        location: subject.location(layer, "activity_regularizer"),
        summary: isIgnored
          ? "\(target) ignores this activity regularizer, because its layer is inside TimeDistributed."
          : "This activity regularizer was ignored, because its layer is inside TimeDistributed; \(target) counts it.",
        meantWhenSaved: wasIgnored
          ? "0: \(subject.release) ignored it" + (isIgnored ? " too." : ".") : then + ", over all steps.",
        meansNow: isIgnored
          ? "0: \(target) collects no penalty there (measured)."
          : "\(subject.activityFormula(layer, penalty, in: target)).",
        advice: isIgnored
          ? "To keep a penalty, put an ActivityRegularization layer behind the TimeDistributed."
          : "To train on as it was, remove the regularizer.")
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
    guard let saved = subject.savedRelease else { return [] }
    return subject.penalised.compactMap { layer, penalty in
      guard layer.timeDistributed != nil else { return nil }
      let then = subject.activityRule(layer, in: saved)
      let now = subject.activityRule(layer, in: subject.target)
      let (was, isNow) = (then?.divisor == .rows, now?.divisor == .rows)
      guard was != isNow else { return nil }
      return Finding(
        rule: id, severity: then == nil || now == nil ? .note : .warning, layer: layer.path,
        location: subject.location(layer, "activity_regularizer"),
        summary: was
          ? "This activity penalty was divided by batch size and number of steps."
          : "\(subject.target) divides this activity penalty by batch size and number of steps.",
        meantWhenSaved: subject.activityFormula(layer, penalty, in: saved) + ".",
        meansNow: subject.activityFormula(layer, penalty, in: subject.target)
          + (now == nil ? ": it is ignored (act-reg-timedistributed-dropped)." : " (\(subject.target))."),
        advice: now == nil
          ? "Behind the TimeDistributed an ActivityRegularization with l1 and l2 divided by the steps is the same."
          : subject.matchAdvice)
    }
  }
}
