import KerasCore

/// Sums over the batch became means: the same factors are weaker now by the batch size.
struct ActivityBatchScale: AuditRule {
  let id = "act-reg-batch-scale"
  let title = "Activity penalty was summed over the batch, now it is divided by its size"
  let severity = Severity.warning
  let family = RuleFamily.activity
  let consequence = Consequence.training
  let affected = "saved by Keras 1.0.7 to 2.3.1, tf.keras of TensorFlow 1.4 to 1.12, or Keras 3.0 to 3.13"
  let explanation = """
    Keras 0 and 1.0.0 to 1.0.6 took the mean over the batch; 1.0.7 to 2.3.1 the plain sum; tf.keras the sum up to TensorFlow
    1.12 and the sum divided by the batch size from 1.13 on; Keras 3.0 to 3.13 the sum again; Keras 3.14 and later divide
    (commit b9be212). Measured with Dense 4x3 -> 2, l2 = 1: 72 where it is summed, 18 = 72/4 where it is divided.
    A model moved from a release that sums to current Keras trains with a penalty weaker by the factor of its batch size. The
    file does not state the batch size it was trained with.
    """
  let fix = """
    Multiply l1 and l2 by the batch size it was trained with: `convert --batch-size N` does for current Keras, and
    `audit --match-loss RELEASE --batch-size N` gives the factors for any release.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    guard let saved = subject.savedRelease else { return [] }
    return subject.penalised.compactMap { layer, penalty in
      guard let then = subject.activityRule(layer, in: saved),
        let now = subject.activityRule(layer, in: subject.target), (then.divisor == .none) != (now.divisor == .none)
      else { return nil }
      let summed = then.divisor == .none
      let (sums, divides) = summed ? (saved, subject.target) : (subject.target, saved)
      return Finding(
        rule: id, severity: .warning, layer: layer.path,
        location: subject.location(layer, "activity_regularizer", "l2", "l1"),
        summary: summed
          ? "This activity penalty scaled with the batch size when it was saved and does not in \(divides)."
          : "This activity penalty was divided by the batch size when it was saved and scales with it in \(sums).",
        meantWhenSaved: summed
          ? "A sum over the batch: \(subject.release) did not divide (measured: 72 for a batch of 4)."
          : "The sum divided by the batch size (measured: 18 for a batch of 4).",
        meansNow: summed
          ? "The sum divided by the batch size (measured: 18): weaker by that factor with the same l1 and l2 (\(divides))."
          : "A sum over the batch (measured: 72): stronger by the batch size with the same l1 and l2 (\(sums)).",
        advice: summed && divides.version.major >= 3
          ? "State the batch size it was trained with: `convert --batch-size N` multiplies l1 and l2 by N."
          : subject.matchAdvice)
    }
  }
}
