import ArgumentParser
import KerasKit

/// A release whose meaning of training is asked for: `keras==2.1.3`, `keras==2.2.4+theano`, `tensorflow==1.15`.
struct ReleaseChoice: ExpressibleByArgument {
  let semantics: TrainingSemantics

  init?(argument: String) {
    guard let semantics = TrainingSemantics(named: argument) else { return nil }
    self.semantics = semantics
  }

  static let help = ArgumentHelp(
    "Regularizers, losses, optimizers and batch normalization as in this release instead of the file's own: keras==2.1.3, "
      + "keras==2.2.4+theano, tf.keras==2.5.0, tensorflow==1.15. A model that is written keeps the meaning of its own.",
    valueName: "release")
}
