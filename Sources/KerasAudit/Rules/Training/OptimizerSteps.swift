import KerasCore
import KerasModel

/// Nadam's momentum schedule.
struct NadamSchedule: OptimizerRule {
  let id = "nadam-schedule"
  let title = "Nadam's momentum follows another schedule"
  let severity = Severity.warning
  let affected = "Nadam of Keras and tf.keras up to 2.10 and its legacy class, and of Keras 3"
  let explanation = """
    Up to Keras 2.10 and in the legacy class Nadam's momentum is β1·(1 − ½·0.96^(0.004·t)), with 0.004 as schedule_decay; in
    Keras 3 it is β1·(1 − ½·0.96^t) and nearly constant after a hundred steps (measured). The new class of 2.11 to 2.15 uses
    Keras 3's formula but multiplies its product irregularly where there are several variables. Up to 2.2.4 the product's
    state was not saved, so that a resumed run began it anew. Keras 3 refuses the field schedule_decay.
    """
  let fix = """
    Train on with `fine-tune`, which follows the release that saved the file, or choose Adam.
    """

  func place(of optimizer: TrainingWords.Optimizer, _ subject: AuditSubject) -> RulePlace? {
    guard optimizer.name == "Nadam" else { return nil }
    return RulePlace(
      model: optimizer.place("schedule_decay"), words: "Nadam",
      summary: "The optimizer is Nadam, with a momentum schedule.")
  }

  func meaning(
    of optimizer: TrainingWords.Optimizer, in release: Release, _ subject: AuditSubject
  ) -> Meaning {
    guard let standard = subject.training(in: release, optimizer).nadamScheduleDecay else { return "β1·(1 − ½·0.96^t)" }
    // tf.keras' OptimizerV2 keeps the number as `decay`.
    let decay = optimizer.number("schedule_decay", "decay") ?? standard
    return Meaning("β1·(1 − ½·0.96^(\(ActivityPenalty.short(decay))·t))")
  }
}

/// TensorFlow 1's unordered step counter.
struct IterationRace: OptimizerRule {
  let id = "optimizer-iteration-race"
  let title = "The step count was read before or after its increment, by chance"
  let severity = Severity.note
  let affected = "Keras 2.3 on TensorFlow 1: Adam, Adamax, Nadam, and decay of any optimizer"
  let explanation = """
    In graphs of TensorFlow 1 the increment of iterations is not ordered against its readers: bias corrections and decay see
    t or t + 1, differently in runs of one program. Measured on Keras 2.3.1 with TensorFlow 1.15: t + 1 in six of six runs of
    Adam and five of six of SGD with decay, and both within one run of Adamax. tf.keras 1.12 and 1.13 and Keras 1.2 and 2.0
    on TensorFlow show it here and there; Theano, TensorFlow 2 and Keras 3 do not.
    """
  let fix = """
    Expect differences in the first steps of a resumed run; nothing restores the order that chance gave.
    """

  func place(of optimizer: TrainingWords.Optimizer, _ subject: AuditSubject) -> RulePlace? {
    guard ["Adam", "Adamax", "Nadam"].contains(optimizer.name) || optimizer.number("decay") ?? 0 > 0
    else { return nil }
    return RulePlace(
      model: optimizer.location, words: optimizer.name,
      summary: "The optimizer \(optimizer.name) depends on its number of steps.")
  }

  func meaning(
    of optimizer: TrainingWords.Optimizer, in release: Release, _ subject: AuditSubject
  ) -> Meaning {
    release.training.readsIterationsLate ? "step t counts as t + 1, mostly" : "step t counts as t"
  }
}

/// The `decay` of a rate.
struct RateDecay: OptimizerRule {
  let id = "decay"
  let title = "decay of the learning rate is ignored"
  let severity = Severity.warning
  let affected = "optimizers with a decay, read by Keras 3 or tf.keras' new classes"
  let explanation = """
    lr / (1 + decay·step), for each step: SGD in every release up to 2.3.1 and in tf.keras with its legacy classes, the others
    from 1.1.0 on. Keras 3 drops the field with a warning, and the rate stays (measured on 3.15.1). In Keras up to 2.2.4
    RMSprop, Adagrad and Adadelta did not save their step count, so that a resumed run began with the full rate again.
    """
  let fix = """
    Use a schedule: `fine-tune --schedule`, or InverseTimeDecay with decay_steps 1 and decay_rate decay in Keras.
    """

  func place(of optimizer: TrainingWords.Optimizer, _ subject: AuditSubject) -> RulePlace? {
    // Nadam's old field of that name is its momentum schedule.
    guard let decay = optimizer.number("decay"), decay != 0,
      optimizer.name != "Nadam"
    else { return nil }
    return RulePlace(
      model: optimizer.place("decay"), words: "decay \(ActivityPenalty.short(decay))",
      summary: "The optimizer \(optimizer.name) has a decay of \(ActivityPenalty.short(decay)).")
  }

  func meaning(
    of optimizer: TrainingWords.Optimizer, in release: Release, _ subject: AuditSubject
  ) -> Meaning {
    guard let decay = optimizer.number("decay") else { return "no decay" }
    return release.training.honorsDecay
      ? "the rate is lr / (1 + \(ActivityPenalty.short(decay))·step)" : "ignored: the rate stays"
  }
}

/// Adam's `amsgrad`.
struct Amsgrad: OptimizerRule {
  let id = "amsgrad"
  let title = "amsgrad is not known everywhere"
  let severity = Severity.warning
  let affected = "Adam with amsgrad read by Keras before 2.1.3"
  let explanation = """
    Adam has the variant amsgrad, which divides by the largest v so far, from Keras 2.1.3 on (2018). Earlier releases take no
    such argument.
    """
  let fix = """
    Turn it off to train in such a release.
    """

  func place(of optimizer: TrainingWords.Optimizer, _ subject: AuditSubject) -> RulePlace? {
    guard optimizer.fields["amsgrad"] == true else { return nil }
    return RulePlace(
      model: optimizer.place("amsgrad"), words: "amsgrad",
      summary: "The optimizer \(optimizer.name) is set to amsgrad.")
  }

  func meaning(
    of optimizer: TrainingWords.Optimizer, in release: Release, _ subject: AuditSubject
  ) -> Meaning {
    release.version < KerasVersion(2, 1, 3)
      ? .refused("not read: no such argument") : "divides by the root of the largest v so far"
  }
}

/// Which norm `clipnorm` bounds.
struct ClipnormScope: OptimizerRule {
  let id = "clipnorm-scope"
  let title = "clipnorm bounds another norm"
  let severity = Severity.warning
  let affected = "optimizers with clipnorm, between Keras up to 2.3.1 and tf.keras from 1.10 on or Keras 3"
  let explanation = """
    In Keras up to 2.3.1 and tf.keras up to TensorFlow 1.9 clipnorm bounds the norm of all gradients together; from
    TensorFlow 1.10 on and in Keras 3 that of each variable's gradient by itself. Measured with gradients (.225, .3), rate 1
    and clipnorm .1: steps of (.06, .08), and (.1, .1). global_clipnorm (TensorFlow 2.4 and later) is the old meaning. With
    clipvalue beside it the norm is clipped first, then the values; the classes of 2.11 and later use the norm alone, and
    Keras 3 refuses both (measured).
    """
  let fix = """
    Write global_clipnorm instead of clipnorm; `convert` does, and `fine-tune` follows the release that saved the file.
    """

  func place(of optimizer: TrainingWords.Optimizer, _ subject: AuditSubject) -> RulePlace? {
    guard let bound = optimizer.number("clipnorm"), bound > 0 else { return nil }
    return RulePlace(
      model: optimizer.place("clipnorm"), words: "clipnorm \(ActivityPenalty.short(bound))",
      summary: "The optimizer \(optimizer.name) clips gradients to the norm \(ActivityPenalty.short(bound)).")
  }

  func meaning(
    of optimizer: TrainingWords.Optimizer, in release: Release, _ subject: AuditSubject
  ) -> Meaning {
    let training = subject.training(in: release, optimizer)
    let hasValue = optimizer.number("clipvalue") ?? 0 > 0
    if hasValue, release.version.major >= 3 {
      return .refused("not read: only one of clipnorm and clipvalue may be set")
    }
    let scope =
      training.clipnormScope == .global
      ? "the norm of all gradients together" : "the norm of each variable's gradient by itself"
    guard hasValue else { return Meaning(scope) }
    return Meaning(scope + (training.clipsByOneRule ? ", clipvalue unused" : ", then clipvalue"))
  }
}
