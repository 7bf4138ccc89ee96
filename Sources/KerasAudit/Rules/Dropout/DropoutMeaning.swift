import KerasCore
import KerasModel

/// Dropout and noise.
enum DropoutMeaning {
  private static func rate(_ layer: AuditedLayer) -> Double? { layer.config["rate"]?.doubleValue }

  static let notInverted = LayerMeaning(
    id: "dropout-not-inverted", title: "Dropout of Keras 0.1 and 0.2 scales predictions", family: .dropout,
    severity: .error, consequence: .inference, affected: "Keras 0.1 and 0.2, Dropout",
    explanation: """
      Dropout of Keras 0.1 and 0.2 zeroes without scaling in training and multiplies by 1 − p in predictions; since 0.3.0 it
      divides by 1 − p in training and is the identity in predictions. The weights behind it expect the smaller
      values.
      """,
    fix: "`convert` inserts the factor 1 − p.",
    find: { layer, subject in
      guard layer.className == "Dropout", subject.canonical.readAs.major == 0, let rate = rate(layer), rate > 0 else {
        return nil
      }
      return .init(keys: ["p"], words: "Dropout \(rate)", summary: "A Dropout of Keras 0, p = \(rate).")
    },
    mean: { _, release, _ in
      release.version < KerasVersion(0, 3) ? "predictions are multiplied by 1 − p" : "predictions are left alone"
    })

  static let noiseShape = LayerRemark(
    id: "dropout-noise-shape-lost", title: "A noise shape was not saved", family: .dropout, severity: .note,
    consequence: .training, affected: "Keras 0.1 to 2.0.8, Dropout",
    explanation: """
      noise_shape and seed of Dropout are saved since Keras 2.0.9. A model that dropped whole rows or channels by
      noise_shape is read as one that drops single values. The file cannot show whether it had one.
      """,
    fix: "Set noise_shape again if the model's code has it; predictions are the same.",
    find: { layer, subject in
      guard layer.className == "Dropout", let rate = rate(layer), rate > 0, let version = subject.version,
        !version.isTensorFlow, version < KerasVersion(2, 0, 9)
      else { return nil }
      return .init(
        summary: "\(subject.release) did not save the noise_shape of a Dropout.",
        then: "Whatever noise_shape the code had.",
        now: "Single values are dropped.")
    })

  static let extremes = LayerMeaning(
    id: "dropout-1-p", title: "A rate of 1 or more", family: .dropout, severity: .warning, consequence: .training,
    affected: "Dropout with a rate of 1 or above",
    explanation: """
      Keras 1 to 2.3.1 drop only if 0 < rate < 1 and hand the input on otherwise; tf.keras and Keras 3 put out zeros at a rate
      of 1 (measured on 3.15.1) and refuse a larger one.
      """,
    fix: "State a rate below 1.",
    find: { layer, _ in
      guard layer.className == "Dropout", let rate = rate(layer), rate >= 1 else { return nil }
      return .init(keys: ["rate", "p"], words: "rate \(rate)", summary: "The rate of this Dropout is \(rate).")
    },
    mean: { layer, release, _ in
      if release.isStandalone() { return "the input is handed on" }
      return rate(layer) == 1 ? "zeros in training" : .refused("refused: a rate is between 0 and 1")
    })

  static let alphaDropout = LayerRemark(
    id: "alpha-dropout-config", title: "AlphaDropout of Keras 2 saved its rate only", family: .dropout, severity: .note,
    consequence: .training, affected: "Keras 2.0.6 to 2.15, AlphaDropout",
    explanation: """
      AlphaDropout of Keras 2 and tf.keras saves the rate, not its noise_shape and seed; Keras 3 saves all three.
      """,
    fix: "Set noise_shape again if the model's code has it; predictions are the same.",
    find: { layer, subject in
      guard layer.className == "AlphaDropout", !subject.states(layer, "noise_shape"),
        (subject.version ?? subject.canonical.readAs).major == 2
      else { return nil }
      return .init(
        summary: "The noise_shape of an AlphaDropout was not saved.", then: "Whatever noise_shape the code had.",
        now: "Single values are dropped.")
    })
}
