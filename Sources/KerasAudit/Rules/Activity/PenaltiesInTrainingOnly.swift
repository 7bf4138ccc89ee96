import KerasCore

/// Before 1.2 the loss that evaluation reported had no regularization in it.
struct PenaltiesInTrainingOnly: AuditRule {
  let id = "act-reg-losses-not-train-only"
  let title = "Evaluation left regularization out of the loss"
  let severity = Severity.note
  let family = RuleFamily.activity
  let consequence = Consequence.none
  let affected = "Keras 0.1 to 1.1.2"
  let explanation = """
    Up to Keras 1.1.2 regularizers are part of the training function only: evaluate, test_on_batch and val_loss report the
    data loss alone (measured on 0.3.3 and 1.0.8). From 1.2.0 on both contain the penalties. A val_loss written down then
    cannot be compared with one of today.
    """
  let fix = """
    Compare an old val_loss with the data loss alone: `keraskit evaluate` lists each penalty apart.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    guard let saved = subject.savedRelease,
      saved.training.penalizesEvaluation != subject.target.training.penalizesEvaluation
    else { return [] }
    let regularized = subject.layers.filter { layer in
      layer.activityPenalty.map { !$0.isZero } ?? false
        || layer.config.objectValue?.contains { $0.key.hasSuffix("_regularizer") && !$0.value.isNull } == true
    }
    guard let first = regularized.first else { return [] }
    let names = regularized.map(\.path).joined(separator: ", ")
    let alone = "the data loss alone (measured on 0.3.3 and 1.0.8)"
    let whole = "the data loss plus all penalties"
    let had = saved.training.penalizesEvaluation
    let without = had ? subject.target.description : subject.release
    return [
      Finding(
        rule: id, severity: .note, layer: regularized.count == 1 ? first.path : nil,
        location: subject.location(first),
        summary: "The model has regularizers (\(names)), and \(without) reports losses of evaluation without them.",
        meantWhenSaved: "val_loss and evaluate of \(subject.release): \(had ? whole : alone).",
        meansNow: "In \(subject.target): \(had ? alone : whole).",
        advice: "Compare an old val_loss with the data loss: `keraskit evaluate --json` lists each penalty apart.")
    ]
  }
}
