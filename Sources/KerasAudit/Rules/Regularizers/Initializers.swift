import KerasCore

/// Initializers whose numbers changed: of no effect on stored weights.
enum InitializerRules {
  private static func name(_ value: JSON?) -> String? {
    (value?.stringValue ?? value?["class_name"]?.stringValue ?? value?["name"]?.stringValue)?.lowercased()
      .replacing("_", with: "")
  }

  /// The first saved field that holds an initializer of those names.
  private static func field(_ layer: AuditedLayer, _ subject: AuditSubject, _ names: Set<String>) -> String? {
    subject.savedFields(layer).first { key, value in
      (key == "init" || key.hasSuffix("_init") || key.hasSuffix("_initializer"))
        && name(value).map(names.contains) == true
    }?.key
  }

  static let orthogonal = InitializerNote(
    id: "orthogonal-gain", title: "The initializer orthogonal had a gain of 1.1", affected: "Keras 0.1 to 1.2.2",
    explanation: """
      The function orthogonal of Keras 0 and 1 scales by 1.1 unless told otherwise; the class Orthogonal of Keras 2 and
      later has gain 1.0. Recurrent kernels are begun with it by default.
      """,
    field: { field($0, $1, ["orthogonal"]) },
    mean: { $0.version.major < 2 ? "an orthogonal matrix times 1.1" : "an orthogonal matrix times 1.0" })

  static let truncatedNormals = InitializerNote(
    id: "he-glorot-normal-trunc", title: "The normal initializers scaled by fan changed their distribution",
    affected: "Keras 1 (normal), 2.0 to 2.1.6 (truncated), 2.2.0 and later (truncated, corrected)",
    explanation: """
      he_normal, glorot_normal and lecun_normal draw from a plain normal distribution in Keras 1, from one truncated at two
      standard deviations in 2.0 to 2.1.6, whose real deviation is smaller by 0.8796, and from a truncated one
      corrected for that since 2.2.0.
      """,
    field: { field($0, $1, ["henormal", "glorotnormal", "lecunnormal"]) },
    mean: {
      if $0.version.major < 2 { return "a plain normal distribution" }
      return $0.isStandalone(before: KerasVersion(2, 2))
        ? "a truncated normal, deviation 0.8796 of the stated"
        : "a truncated normal of the stated deviation"
    })

  static let convolution1D = InitializerNote(
    id: "conv1d-init", title: "Convolution1D began with uniform weights", affected: "Keras 0.1 to 1.0.8",
    explanation: """
      The default initializer of Convolution1D is uniform (±0.05) up to 1.0.8 and glorot_uniform since 1.1.0. It matters
      only where the config does not state it.
      """,
    field: { layer, subject in
      layer.className == "Conv1D" && !subject.states(layer, "init") && !subject.states(layer, "kernel_initializer")
        ? "name" : nil
    },
    mean: { $0.version < KerasVersion(1, 1) ? "uniform in ±0.05" : "glorot_uniform" })

  static let forgetBias = InitializerNote(
    id: "lstm-forget-bias", title: "A forget bias other than one is not kept", affected: "Keras 0.1 to 1.2.2, LSTM",
    explanation: """
      Keras 0 and 1 take any initializer for the forget gate's bias (forget_bias_init); Keras 2 and later know only
      unit_forget_bias, which is one, and drop others.
      """,
    field: { layer, subject in
      guard let saved = name(subject.savedFields(layer)["forget_bias_init"]), saved != "one" else { return nil }
      return "forget_bias_init"
    },
    mean: { $0.version.major < 2 ? "the initializer named" : "ones with unit_forget_bias, else bias_initializer" })
}

/// Embedding of Keras 0.3 to 1.2 could drop whole words.
enum EmbeddingRules {
  static let dropout = LayerMeaning(
    id: "embedding-dropout", title: "Embedding dropped whole rows of its matrix", family: .regularizers,
    severity: .warning, consequence: .training, affected: "Keras 0.3 to 1.2.2, Embedding with dropout above 0",
    explanation: """
      Embedding(dropout=p) of Keras 0.3 to 1.2 zeroes whole rows of the matrix in training: a word is dropped wherever it
      stands in the batch. Keras 2 removed the field. SpatialDropout1D behind the layer is not the same: it drops channels,
      not words. Predictions are unaffected.
      """,
    fix: "fine-tune drops words as the file's release did; in current Keras no layer does.",
    find: { layer, subject in
      guard layer.className == "Embedding", let rate = subject.savedFields(layer)["dropout"]?.doubleValue, rate > 0
      else { return nil }
      return .init(
        keys: ["dropout"], words: "dropout \(rate)", summary: "This Embedding drops whole words in training.")
    },
    mean: { _, release, _ in
      release.version.major < 2
        ? "rows of the matrix are dropped in training"
        : .refused("the field is unknown: refused, or nothing is dropped")
    })
}
