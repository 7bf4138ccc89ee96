import KerasCore
import KerasModel

/// A rule of meaning about the optimizer that a file names, and silent where it names none.
protocol OptimizerRule: MeaningRule {
  /// The place of the words in question; `nil` where the optimizer is not concerned.
  func place(of optimizer: TrainingWords.Optimizer, _ subject: AuditSubject) -> RulePlace?
  func meaning(of optimizer: TrainingWords.Optimizer, in release: Release, _ subject: AuditSubject) -> Meaning
}

extension OptimizerRule {
  var family: RuleFamily { .training }
  var consequence: Consequence { .training }

  func places(in subject: AuditSubject) -> [RulePlace] {
    subject.training?.optimizer.flatMap { place(of: $0, subject) }.map { [$0] } ?? []
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    subject.training?.optimizer.map { meaning(of: $0, in: release, subject) } ?? "no optimizer"
  }
}
