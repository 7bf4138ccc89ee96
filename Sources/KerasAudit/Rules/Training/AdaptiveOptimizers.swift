import KerasCore
import KerasModel

/// Where RMSprop adds ε.
struct RMSpropEpsilon: OptimizerRule {
  let id = "rmsprop-eps"
  let title = "RMSprop adds ε in another place"
  let severity = Severity.note
  let affected =
    "RMSprop of Keras 0.1 to 1.0.2, 1.0.3 to 2.3.1, tf.keras and its legacy classes, and Keras 2.11 and later"
  let explanation = """
    Keras 0.1 to 1.0.2: g/√(a + ε) with ε 1e-6. 1.0.3 to 2.3.1: g/(√a + ε), ε 1e-8 up to 2.1.2 and 1e-7 from 2.1.3. tf.keras
    before 2.11 and its legacy classes: outside the root, but inside with momentum (a fused kernel). 2.11 and later and
    Keras 3: inside. Measured on 0.3.3 to 3.15 with gradients of 1e-6, where it decides; for gradients well above √ε the
    steps are nearly the same. A config of tf.keras 2.11 to 2.15 without is_legacy_optimizer false is of the legacy class.
    """
  let fix = """
    Nothing, unless gradients are tiny; `fine-tune` follows the release that saved the file.
    """

  func place(of optimizer: TrainingWords.Optimizer, _ subject: AuditSubject) -> RulePlace? {
    guard optimizer.name == "RMSprop" else { return nil }
    return RulePlace(
      model: optimizer.place("epsilon"), words: "RMSprop", summary: "The optimizer RMSprop divides by √a and ε.")
  }

  func meaning(
    of optimizer: TrainingWords.Optimizer, in release: Release, _ subject: AuditSubject
  ) -> Meaning {
    let training = subject.training(in: release, optimizer)
    let hasMomentum = optimizer.number("momentum") ?? 0 > 0
    let placement = hasMomentum ? training.rmspropMomentumEpsilon : training.rmspropEpsilon
    return Meaning(OptimizerWords.root(placement) + ", ε " + OptimizerWords.epsilon(optimizer, release))
  }
}

/// Where Adagrad adds ε and what its sums start with.
struct AdagradStart: OptimizerRule {
  let id = "adagrad-eps/init"
  let title = "Adagrad starts with other sums and adds ε in another place"
  let severity = Severity.warning
  let affected = "Adagrad of Keras up to 2.3.1, tf.keras, and Keras 3"
  let explanation = """
    The sums of squares start with 0 in Keras up to 2.3.1 and tf.keras up to 1.13, with 0.1 (initial_accumulator_value) from
    TensorFlow 1.14 on and in Keras 3: the first steps are smaller. ε stands inside the root up to 1.0.2 and from 2.11 on,
    outside between and in the legacy classes (measured on 0.3.3 to 3.15). The default rate went from 0.01 to 0.001.
    """
  let fix = """
    initial_accumulator_value 0 starts as the old releases did; sums that are in the file go on either way.
    """

  func place(of optimizer: TrainingWords.Optimizer, _ subject: AuditSubject) -> RulePlace? {
    guard optimizer.name == "Adagrad" else { return nil }
    return RulePlace(
      model: optimizer.place("initial_accumulator_value"), words: "Adagrad",
      summary: "The optimizer Adagrad divides by the root of its sums and ε.")
  }

  func meaning(
    of optimizer: TrainingWords.Optimizer, in release: Release, _ subject: AuditSubject
  ) -> Meaning {
    let training = subject.training(in: release, optimizer)
    let start = optimizer.number("initial_accumulator_value") ?? training.adagradStart
    return Meaning(
      "\(OptimizerWords.root(training.adagradEpsilon)), ε \(OptimizerWords.epsilon(optimizer, release)), sums start with "
        + ActivityPenalty.short(start))
  }
}

/// Adadelta without a stated rate.
struct AdadeltaRate: OptimizerRule {
  let id = "adadelta-lr"
  let title = "Adadelta's unstated rate is a thousandth of what it was"
  let severity = Severity.warning
  let affected = "Adadelta without a learning rate in its config"
  let explanation = """
    Adadelta's default rate is 1.0 in Keras up to 2.3.1 and 0.001 in tf.keras from 1.14 on and Keras 3 (measured). Configs
    that Keras writes state the rate; one that does not ("adadelta" alone, or a config put together by hand) means another.
    """
  let fix = """
    State the rate: `fine-tune --learning-rate 1`.
    """

  func place(of optimizer: TrainingWords.Optimizer, _ subject: AuditSubject) -> RulePlace? {
    OptimizerWords.withoutRate(["Adadelta"], optimizer)
  }

  func meaning(
    of optimizer: TrainingWords.Optimizer, in release: Release, _ subject: AuditSubject
  ) -> Meaning {
    OptimizerWords.rate(optimizer.name, release)
  }
}

/// Nadam and Adamax without a stated rate.
struct NadamAdamaxRate: OptimizerRule {
  let id = "nadam/adamax-lr"
  let title = "The unstated rate of Nadam and Adamax is half of what it was"
  let severity = Severity.warning
  let affected = "Nadam and Adamax without a learning rate in their config"
  let explanation = """
    The default rate of Nadam and Adamax is 0.002 in Keras up to 2.3.1 and tf.keras up to 1.13, and 0.001 from TensorFlow
    1.14 on and in Keras 3 (measured). Configs that Keras writes state the rate.
    """
  let fix = """
    State the rate: `fine-tune --learning-rate 0.002`.
    """

  func place(of optimizer: TrainingWords.Optimizer, _ subject: AuditSubject) -> RulePlace? {
    OptimizerWords.withoutRate(["Nadam", "Adamax"], optimizer)
  }

  func meaning(
    of optimizer: TrainingWords.Optimizer, in release: Release, _ subject: AuditSubject
  ) -> Meaning {
    OptimizerWords.rate(optimizer.name, release)
  }
}

/// Optimizers without a stated ε.
struct AdamEpsilon: OptimizerRule {
  let id = "adam-eps"
  let title = "The unstated ε of an optimizer is another"
  let severity = Severity.note
  let affected = "adaptive optimizers whose config has no epsilon, or null, between Keras up to 2.1.2 and later"
  let explanation = """
    ε of Adam, Adamax, Nadam, RMSprop, Adagrad and Adadelta is 1e-8 by default up to 2.1.2 (1e-6 up to 1.0.2, but for Adam)
    and 1e-7 later. Configs that Keras writes state it; where it is absent or null each release puts its own. Adam adds it to
    the root of the uncorrected v in every release (measured on 0.3.3 to 3.15).
    """
  let fix = """
    Write epsilon into the optimizer's config; `convert` does.
    """

  func place(of optimizer: TrainingWords.Optimizer, _ subject: AuditSubject) -> RulePlace? {
    guard optimizer.number("epsilon") == nil,
      CompileNames.standard("epsilon", of: optimizer.name, in: subject.target.version) != nil
    else { return nil }
    return RulePlace(
      model: optimizer.place("epsilon"), words: "epsilon (absent)",
      summary: "The optimizer \(optimizer.name) does not state its ε.")
  }

  func meaning(
    of optimizer: TrainingWords.Optimizer, in release: Release, _ subject: AuditSubject
  ) -> Meaning {
    return Meaning("ε " + OptimizerWords.epsilon(optimizer, release))
  }
}

/// Words that rules about optimizers share.
enum OptimizerWords {
  static func root(_ placement: TrainingSemantics.EpsilonPlacement) -> String {
    placement == .insideRoot ? "g / √(a + ε)" : "g / (√a + ε)"
  }

  /// The ε that a release computes with.
  static func epsilon(_ optimizer: TrainingWords.Optimizer, _ release: Release) -> String {
    let value =
      optimizer.number("epsilon")
      ?? CompileNames.standard("epsilon", of: optimizer.name, in: release.version)?.doubleValue
    return value.map { ActivityPenalty.short($0) } ?? "unknown"
  }

  static func withoutRate(_ classes: Set<String>, _ optimizer: TrainingWords.Optimizer) -> RulePlace? {
    guard classes.contains(optimizer.name), optimizer.fields["lr"] == nil, optimizer.fields["learning_rate"] == nil
    else { return nil }
    return RulePlace(
      model: optimizer.location, words: optimizer.name,
      summary: "The optimizer \(optimizer.name) does not state its learning rate.")
  }

  static func rate(_ name: String, _ release: Release) -> Meaning {
    let value = CompileNames.standard("learning_rate", of: name, in: release.version)?.doubleValue
    return Meaning("learning rate " + (value.map { ActivityPenalty.short($0) } ?? "unknown"))
  }
}
