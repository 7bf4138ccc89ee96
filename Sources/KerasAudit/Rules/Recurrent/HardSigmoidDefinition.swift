import KerasCore

/// `hard_sigmoid` is another function in Keras 3.
struct HardSigmoidDefinition: MeaningRule {
  let id = "hard-sigmoid-def"
  let title = "hard_sigmoid has another slope in Keras 3"
  let severity = Severity.error
  let family = RuleFamily.recurrent
  let consequence = Consequence.inference
  let affected = "Keras 0 to 2.15 files loaded by Keras 3"
  let explanation = """
    Up to Keras 2.15 hard_sigmoid is clip(0.2·x + 0.5, 0, 1); in Keras 3 it is relu6(x + 3)/6 = clip(x/6 + 0.5, 0, 1).
    Predictions change: hard_sigmoid(−2.6) was 0 and is 0.0667 (measured on 17 releases). LSTM and GRU used it for their
    gates by default up to 2.2.4. Keras 3 has no built-in equivalent.
    """
  let fix = """
    Carry the model over with `convert`, which writes layers that compute the old function.
    """

  func places(in subject: AuditSubject) -> [RulePlace] {
    subject.layers.flatMap { layer in
      ["activation", "recurrent_activation"].compactMap { key in
        guard [.string("keraskit>hard_sigmoid"), "hard_sigmoid"].contains(layer.config[key]) else { return nil }
        return RulePlace(
          layer, at: subject.location(layer, key == "activation" ? "activation" : "inner_activation", key),
          words: "\(key) hard_sigmoid",
          summary:
            "The \(key) hard_sigmoid of this \(layer.className) is another function in Keras 3: predictions change."
        )
      }
    }
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    release.version.major >= 3 ? "clip(x/6 + 0.5, 0, 1); at −2.6: 0.0667" : "clip(0.2·x + 0.5, 0, 1); at −2.6: 0"
  }
}
