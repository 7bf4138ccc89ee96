import KerasCore

/// Whether a Bidirectional's penalty falls on the merged output or on each direction's own.
struct ActivityBidirectional: AuditRule {
  let id = "act-reg-bidirectional"
  let title = "Activity regularizer inside Bidirectional"
  let severity = Severity.warning
  let family = RuleFamily.activity
  let consequence = Consequence.training
  let affected = "Keras 2.0.0 to 2.0.2 and tf.keras up to TensorFlow 1.12 (ignored), 2.0.3 to 2.3.1 (merged output)"
  let explanation = """
    Bidirectional of standalone Keras calls its layers' call method, which makes no penalty. From 2.0.3 on the wrapper's
    activity_regularizer property makes Layer.__call__ penalise the merged output (measured with concat and sum to 2.3.1:
    144 once); in 2.0.0 to 2.0.2 and tf.keras of TensorFlow 1.12 there was none (measured). tf.keras from TensorFlow 1.15 on
    and Keras 3 penalise each direction's own output and add the two.
    For merge_mode concat both are the same number apart from the divisor; for sum, mul and ave they are not.
    """
  let fix = """
    Penalise the merged output with an ActivityRegularization layer (`convert --activity-semantics as-saved` does).
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    guard let saved = subject.savedRelease else { return [] }
    return subject.penalised.compactMap { layer, penalty in
      guard let wrapper = layer.bidirectional else { return nil }
      let then = subject.directActivityRule(layer, in: saved)?.tensor
      let now = subject.directActivityRule(layer, in: subject.target)?.tensor
      guard then != now else { return nil }
      let mode = wrapper.config["merge_mode"]?.stringValue
      let isSame = then != nil && now != nil && (mode == "concat" || mode == nil)
      let summary =
        switch (then, now) {
        case (nil, _): "This activity regularizer was ignored, because its layer is inside Bidirectional."
        case (_, nil): "\(subject.target) ignores this activity regularizer, because its layer is inside Bidirectional."
        case (.merged, _): "This activity regularizer looked at the merged output of both directions"
        default: "This activity regularizer looked at each direction's output; \(subject.target) takes the merged one"
        }
      let formula = subject.activityFormula(layer, penalty, in: saved)
      return Finding(
        rule: id, severity: isSame ? .note : .warning, layer: layer.path,
        location: subject.location(layer, "activity_regularizer"),
        summary: summary
          + (then == nil || now == nil
            ? "" : isSame ? ", which for concat gives the same sum as each direction's own." : "."),
        meantWhenSaved: then == nil
          ? "0: \(subject.release) made no penalty there (measured)."
          : formula + (then == .merged ? ", merge_mode \(mode ?? "none") (measured: 144 once)." : "."),
        meansNow: subject.activityFormula(layer, penalty, in: subject.target) + " (\(subject.target)).",
        advice: isSame
          ? "Nothing beyond act-reg-batch-scale."
          : then == nil
            ? "To train on as it was, drop it: `convert --activity-semantics as-saved`."
            : now == nil
              ? "Penalise the Bidirectional's output with an ActivityRegularization layer."
              : then == .merged
                ? "To train on as it was: `convert --activity-semantics as-saved`, which penalises the merged output."
                : "No factor makes up for it.")
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
    let target = subject.target
    return subject.penalised.filter { $0.layer.className == "SimpleRNN" }.compactMap { layer, penalty in
      let saved = subject.savedRelease
      let wasIgnored = saved?.training.activityIgnoredBy.contains("SimpleRNN") ?? false
      let isIgnored = target.training.activityIgnoredBy.contains("SimpleRNN")
      guard wasIgnored || isIgnored else { return nil }
      let then = saved.map { subject.activityFormula(layer, penalty, in: $0) } ?? penalty.formula("out")
      return Finding(
        rule: id, severity: wasIgnored && isIgnored ? .note : .warning, layer: layer.path,
        location: subject.location(layer, "activity_regularizer"),
        summary: isIgnored
          ? "\(target) ignores the activity regularizer of a SimpleRNN."
          : "The activity regularizer of this SimpleRNN was ignored; \(target) counts it.",
        meantWhenSaved: wasIgnored ? "0: \(subject.release) ignored it" + (isIgnored ? " too." : ".") : then + ".",
        meansNow: isIgnored
          ? "0 (measured on 3.15.1)." : "\(subject.activityFormula(layer, penalty, in: target)) (\(target)).",
        advice: isIgnored
          ? "To keep a penalty, put an ActivityRegularization layer behind the SimpleRNN."
          : "To train on as it was, remove the regularizer.")
    }
  }
}
