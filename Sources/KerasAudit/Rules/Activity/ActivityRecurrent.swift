import KerasCore

/// Whether a Bidirectional's penalty falls on the merged output or on each direction's own.
struct ActivityBidirectional: AuditRule {
  let id = "act-reg-bidirectional"
  let title = "Activity regularizer inside Bidirectional"
  let severity = Severity.warning
  let family = RuleFamily.activity
  let consequence = Consequence.training
  let affected = "Keras 2.0.0 to 2.0.2 (ignored), 2.0.3 to 2.3.1 (merged output)"
  let explanation = """
    Bidirectional of standalone Keras calls its layers' call method, which makes no penalty. From 2.0.3 on the wrapper's
    activity_regularizer property makes Layer.__call__ penalise the merged output (measured with concat and sum to 2.3.1:
    144 once); in 2.0.0 to 2.0.2 there was none. tf.keras and Keras 3 penalise each direction's own output and add the two.
    For merge_mode concat both are the same number apart from the divisor; for sum, mul and ave they are not.
    """
  let fix = """
    Penalise the merged output with an ActivityRegularization layer (`--activity-semantics as-saved` does).
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    guard subject.isStandalone(from: KerasVersion(2), before: ActivityReleases.standaloneEnds),
      let version = subject.version
    else { return [] }
    return subject.penalised.compactMap { layer, penalty in
      guard let wrapper = layer.bidirectional else { return nil }
      let mode = wrapper.config["merge_mode"]?.stringValue
      let wasIgnored = version < ActivityReleases.nestedOnInput
      let isSame = !wasIgnored && (mode == "concat" || mode == nil)
      return Finding(
        rule: id, severity: isSame ? .note : .warning, layer: layer.path,
        location: subject.location(layer, "activity_regularizer"),
        summary: wasIgnored
          ? "This activity regularizer was ignored, because its layer is inside Bidirectional."
          : "This activity regularizer looked at the merged output of both directions"
            + (isSame ? ", which for concat gives the same sum as each direction's own." : "."),
        meantWhenSaved: wasIgnored
          ? "0: \(subject.release) made no penalty there (measured)."
          : "\(penalty.formula("merged")), merge_mode \(mode ?? "none"), summed over the batch (measured: 144 once).",
        meansNow: "(\(penalty.formula("forward")) + \(penalty.formula("backward"))) / batch size.",
        advice: isSame
          ? "Nothing beyond act-reg-batch-scale."
          : wasIgnored
            ? "To train on as it was, drop it: --activity-semantics as-saved."
            : "To train on as it was: --activity-semantics as-saved, which penalises the merged output.")
    }
  }
}

/// SimpleRNN of Keras 3 takes an activity regularizer and does nothing with it.
struct ActivitySimpleRNNIgnored: AuditRule {
  let id = "act-reg-simplernn-ignored"
  let title = "SimpleRNN of Keras 3 ignores its activity regularizer"
  let severity = Severity.warning
  let family = RuleFamily.activity
  let consequence = Consequence.training
  let affected = "any file loaded by Keras 3 (measured: 3.15.1)"
  let explanation = """
    SimpleRNN of Keras 3 accepts activity_regularizer, saves it, and never hands it to its base class: no penalty is made
    (measured on 3.15.1). LSTM, GRU and ConvLSTM2D do apply theirs. Keras 2.0.0 to 2.15 penalised what SimpleRNN returned.
    """
  let fix = """
    Put an ActivityRegularization layer behind the SimpleRNN.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    subject.penalised.filter { $0.layer.className == "SimpleRNN" }.map { layer, penalty in
      let wasIgnored = (subject.version?.major ?? 2) >= 3
      return Finding(
        rule: id, severity: wasIgnored ? .note : .warning, layer: layer.path,
        location: subject.location(layer, "activity_regularizer"),
        summary: "Keras 3 ignores the activity regularizer of a SimpleRNN.",
        meantWhenSaved: wasIgnored
          ? "0: \(subject.release) ignored it too."
          : "\(penalty.formula("out"))\(ActivityTerms.divisor(subject.version)).",
        meansNow: "0 (measured on 3.15.1).",
        advice: "To keep a penalty in Keras 3, put an ActivityRegularization layer behind the SimpleRNN.")
    }
  }
}
