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
    Multiply l1 and l2 by the batch size it was trained with: `convert --batch-size N`, or `audit --match-loss`.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    guard let version = subject.version, ActivityReleases.sums(version) else { return [] }
    return subject.penalised.map { layer, penalty in
      Finding(
        rule: id, severity: .warning, layer: layer.path,
        location: subject.location(layer, "activity_regularizer", "l2", "l1"),
        summary: "This activity penalty scaled with the batch size when it was saved and does not now.",
        meantWhenSaved: "A sum over the batch: \(subject.release) did not divide (measured: 72 for a batch of 4).",
        meansNow: "The sum divided by the batch size (measured: 18): weaker by that factor with the same l1 and l2.",
        advice: "State the batch size it was trained with: --batch-size N multiplies l1 and l2 by N.")
    }
  }
}
