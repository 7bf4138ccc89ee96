import KerasCore
import KerasModel

/// The ways in which batch normalisation computed.
enum NormalizationModes {
  private static func mode(_ value: Int) -> @Sendable (AuditedLayer, AuditSubject) -> LayerMeaning.Match? {
    { layer, subject in
      guard StoredStatistics.isBatchNormalization(layer), subject.savedFields(layer)["mode"]?.intValue == value else {
        return nil
      }
      return .init(keys: ["mode"], words: "mode \(value)", summary: "This BatchNormalization has mode \(value).")
    }
  }

  static let sampleWise = LayerMeaning(
    id: "bn-mode1", title: "BatchNormalization normalised each sample by itself", family: .normalization,
    severity: .error, consequence: .inference, affected: "Keras 0.1 to 1.2.2, mode 1",
    explanation: """
      With mode 1 each sample is normalised over its last axis by its own mean and deviation; moving statistics are stored
      and not used. Measured: (x−m)/(std+ε) in 0.3.3, (x−m)/(√(var+ε)+ε) in 1.0.8 and 1.2.2. Keras 2 removed the field.
      LayerNormalization is (x−m)/√(var+ε), which is close and not equal.
      """,
    fix: "`convert` writes layers that compute it exactly.",
    find: mode(1),
    mean: { _, release, _ in
      switch release.version.major {
      case 0: "(x − m)/(std + ε) of each sample"
      case 1: "(x − m)/(√(var + ε) + ε) of each sample"
      default: .refused("refused: the field is unknown")
      }
    })

  static let batchWise = LayerMeaning(
    id: "bn-mode2", title: "BatchNormalization used the batch's statistics in predictions too",
    family: .normalization, severity: .error, consequence: .inference, affected: "Keras 1.0.4 to 1.2.2, mode 2",
    explanation: """
      With mode 2 the layer normalises by the mean and variance of the batch at hand in training and in predictions
      (measured on 1.0.8 and 1.2.2). A sample's prediction depends on its batch. Keras 2 removed the field.
      """,
    fix: "predict computes it; give it the batches the model is meant for.",
    find: mode(2),
    mean: { _, release, _ in
      release.version.major < 2 ? "the batch's statistics, always" : .refused("refused: the field is unknown")
    })

  static let defaults = LayerMeaning(
    id: "bn-eps/momentum-default", title: "epsilon or momentum is not stated, and the default changed",
    family: .normalization, severity: .warning, consequence: .inference,
    affected: "BatchNormalization configs without epsilon or momentum",
    explanation: """
      epsilon is 1e-6 by default up to Keras 1.0.7, 1e-5 in 1.0.8 to 1.1.2, 1e-3 since 1.2.0; momentum is 0.9 up to 1.0.6 and
      0.99 since. Keras saves both (momentum since 0.2), so this concerns configs written by hand or by other tools.
      """,
    fix: "Write both fields; `convert` does.",
    find: { layer, subject in
      guard StoredStatistics.isBatchNormalization(layer) else { return nil }
      let absent = ["epsilon", "momentum"].filter { !subject.states(layer, $0) }
      guard !absent.isEmpty else { return nil }
      let names = absent.joined(separator: " and ")
      return .init(words: "\(names) (absent)", summary: "This BatchNormalization does not state \(names).")
    },
    mean: { layer, release, subject in
      let version = release.version
      let epsilon = version < KerasVersion(1, 0, 8) ? "1e-6" : version < KerasVersion(1, 2) ? "1e-5" : "1e-3"
      let momentum = version < KerasVersion(1, 0, 7) ? "0.9" : "0.99"
      var parts: [String] = []
      if !subject.states(layer, "epsilon") { parts.append("epsilon \(epsilon)") }
      if !subject.states(layer, "momentum") { parts.append("momentum \(momentum)") }
      return Meaning(parts.joined(separator: ", "))
    })

  static let axisList = LayerMeaning(
    id: "bn-axis-list", title: "The axis is a list", family: .normalization, severity: .note, consequence: .loading,
    affected: "tf.keras 1.x to 2.15",
    explanation: """
      tf.keras saves the axis of BatchNormalization as a list, [3]. Keras 3 takes the number out of it when it reads HDF5, and
      refuses it in from_config (measured on 3.15.1); standalone Keras knows numbers only.
      """,
    fix: "`convert` writes the number.",
    find: { layer, subject in
      guard StoredStatistics.isBatchNormalization(layer), let axis = subject.savedFields(layer)["axis"],
        axis.arrayValue != nil
      else { return nil }
      return .init(
        keys: ["axis"], words: "axis \(axis.text())", summary: "The axis of this BatchNormalization is a list.")
    },
    mean: { _, release, _ in
      release.isStandalone()
        ? .refused("refused: a number is needed")
        : release.version.major >= 3 ? "read from HDF5, refused by from_config" : "the axes listed"
    })

  static let axisOfFormat = LayerRemark(
    id: "bn-th-axis", title: "The axis of BatchNormalization belongs to channels_first", family: .normalization,
    severity: .note, consequence: .inference, affected: "channels_first models, when they are made channels_last",
    explanation: """
      In a channels_first model the channels are axis 1. Whoever changes such a model to channels_last must change the axis of
      every BatchNormalization with it; and a BatchNormalization of axis −1 in a channels_first model keeps statistics of
      columns, which is seldom meant.
      """,
    fix: "Change the axis together with data_format; KerasKit computes what is written.",
    find: { layer, subject in
      guard StoredStatistics.isBatchNormalization(layer), subject.isChannelsFirst else { return nil }
      let axis = layer.config["axis"]?.intValue ?? -1
      return .init(
        keys: ["axis"],
        summary: axis == 1
          ? "The axis 1 of this BatchNormalization is the channels of a channels_first model."
          : "The axis \(axis) of this BatchNormalization is not the channels (1) of its channels_first model.")
    })
}
