import KerasCore
import KerasModel

/// Data formats that files do not state, and what hangs on them.
enum DataFormatRules {
  private static let silent: Set<String> = [
    "UpSampling2D", "UpSampling3D", "ZeroPadding2D", "ZeroPadding3D", "Cropping2D", "Cropping3D", "SpatialDropout2D",
    "SpatialDropout3D",
  ]

  static let missing = LayerMeaning(
    id: "dim-ordering-missing", title: "The data format is not stated, and the model is channels_first",
    family: .convolution, severity: .error, consequence: .inference,
    affected: "UpSampling, ZeroPadding and Cropping of Keras 0.3 to 1.2.2, SpatialDropout up to 2.15",
    explanation: """
      Keras 0.3 to 1.2 do not save the dim_ordering of UpSampling, ZeroPadding and Cropping layers, nor any release before
      Keras 3 the data_format of SpatialDropout. The layer took the setting of the process that made it (keras.json); another
      process reads its own. The format of the model's convolutions is the best evidence.
      """,
    fix: "`convert` writes data_format on every layer.",
    find: { layer, subject in
      guard silent.contains(layer.className), layer.config["data_format"] == "channels_first",
        !subject.states(layer, "dim_ordering"), !subject.states(layer, "data_format")
      else { return nil }
      return .init(
        words: "data_format (absent)",
        summary: "This \(layer.className) does not state its data format; its model is channels_first.")
    },
    mean: { layer, release, subject in
      if subject.savedReleases.contains(release) { return "channels_first, as the model's convolutions" }
      return release.version.major >= 2
        ? "the reader's own setting: channels_last by default"
        : "the reader's own setting"
    })

  static let standard = LayerMeaning(
    id: "default-data-format", title: "The data format is 'default'", family: .convolution, severity: .warning,
    consequence: .inference, affected: "configs with dim_ordering default",
    explanation: """
      dim_ordering "default" is the setting of the process: th up to Keras 1.0.8 and tf since 1.1.0 unless keras.json says
      else. Keras resolves it before saving, so this concerns configs written by hand.
      """,
    fix: "State the format.",
    find: { layer, subject in
      guard subject.savedFields(layer)["dim_ordering"] == "default" else { return nil }
      return .init(
        keys: ["dim_ordering"], words: "dim_ordering default",
        summary: "This \(layer.className) leaves its data format open.")
    },
    mean: { _, release, _ in
      if release.version.major >= 2 { return .refused("refused: the value is unknown") }
      return release.version < KerasVersion(1, 1) ? "th: channels first" : "tf: channels last"
    })

  static let flatten = LayerMeaning(
    id: "flatten-data-format", title: "Flatten may reorder channels_first data", family: .convolution,
    severity: .warning, consequence: .inference, affected: "Flatten in channels_first models saved before Keras 2.1.6",
    explanation: """
      Flatten has a data_format since 2.1.6. Where it is channels_first the data is brought to channels_last before it is
      flattened (measured in 2.1.6 to 3). Files from before lack the field and mean no reordering; since 2.2.0 an absent
      field is the process's setting, so a reader whose keras.json says channels_first reorders silently. Measured: not in
      2.1.6, reordered in 2.2.4 to 3.
      """,
    fix: "Leave Flatten without reordering: `convert` writes channels_last there.",
    find: { layer, subject in
      guard layer.className == "Flatten", subject.isChannelsFirst, !subject.states(layer, "data_format") else {
        return nil
      }
      return .init(words: "data_format (absent)", summary: "A Flatten without data_format in a channels_first model.")
    },
    mean: { _, release, _ in
      release.isStandalone(before: KerasVersion(2, 2))
        ? "the order of the stored axes"
        : "the order of the stored axes, unless the reader's setting is channels_first: then channels last"
    })

  static let denseAfterFlatten = LayerRemark(
    id: "dense-after-flatten-th", title: "A Dense behind Flatten counts its rows channels first",
    family: .convolution, severity: .note, consequence: .inference,
    affected: "channels_first models, when they are made channels_last",
    explanation: """
      In a channels_first model Flatten puts out (channels, rows, columns), and the rows of the next Dense kernel are in that
      order. Whoever makes the model channels_last must permute them to (rows, columns, channels).
      """,
    fix: "Permute the Dense kernel's rows together with the change; KerasKit keeps the saved order.",
    find: { layer, subject in
      guard layer.className == "Flatten", subject.isChannelsFirst,
        layer.config["data_format"] != "channels_first",
        let index = subject.layers.firstIndex(where: { $0.path == layer.path }),
        let dense = subject.layers[index...].first(where: { $0.className == "Dense" })
      else { return nil }
      return .init(summary: "The rows of '\(dense.path)' behind this Flatten are in the order channels, rows, columns.")
    })

  static let concatenation = LayerRemark(
    id: "concat-axis", title: "A concatenation over the last axis of channels_first data", family: .convolution,
    severity: .note, consequence: .inference,
    affected: "channels_first models with Concatenate or Merge concat of axis −1",
    explanation: """
      The default axis of a concatenation is −1 in every release. In a channels_first model that is the width of the images;
      their channels are axis 1. Behind Flatten or Dense it is right.
      """,
    fix: "Nothing if the inputs are vectors; else check that the width was meant.",
    find: { layer, subject in
      guard layer.className == "Concatenate", subject.isChannelsFirst, layer.config["axis"] == -1 else { return nil }
      return .init(keys: ["concat_axis", "axis"], summary: "A concatenation over axis −1 in a channels_first model.")
    })
}
