import KerasCore

/// Activations that are new, or that depend on the axis they are taken over.
enum ActivationRules {
  private static let keys = ["activation", "recurrent_activation"]

  /// The first release of standalone Keras and of tf.keras that knows the name; `nil` for never.
  private struct FirstRelease {
    var standalone: KerasVersion?
    var tensorFlow: KerasVersion
  }

  private static let since: [String: FirstRelease] = [
    "elu": FirstRelease(standalone: KerasVersion(1, 2, 2), tensorFlow: KerasVersion(2, 0, 8)),
    "selu": FirstRelease(standalone: KerasVersion(2, 0, 6), tensorFlow: KerasVersion(2, 0, 8)),
    "exponential": FirstRelease(standalone: KerasVersion(2, 2, 3), tensorFlow: KerasVersion(2, 2, 4)),
    "swish": FirstRelease(tensorFlow: KerasVersion(2, 3)),
    "gelu": FirstRelease(tensorFlow: KerasVersion(2, 4)),
    "mish": FirstRelease(tensorFlow: KerasVersion(2, 13)),
  ]

  private static func named(_ layer: AuditedLayer, _ names: [String]) -> (key: String, name: String)? {
    for key in keys {
      if let name = layer.config[key]?.stringValue, names.contains(name) { return (key, name) }
    }
    return nil
  }

  static let newNames = LayerMeaning(
    id: "elu-selu-version", title: "An activation that older releases do not know", family: .recurrent,
    severity: .warning, consequence: .loading,
    affected: "selu before Keras 2.0.6, exponential before 2.2.3, swish, gelu and mish in standalone Keras",
    explanation: """
      selu came with Keras 2.0.6, exponential with 2.2.3, swish with TensorFlow 2.2, gelu with 2.4, mish with 2.13; standalone
      Keras never had the last three. Where they exist they are the same function (gelu the exact one by default).
      """,
    fix: "Bind the name to the same function as a custom object in the older release.",
    find: { layer, _ in
      guard let found = named(layer, Array(since.keys)) else { return nil }
      return .init(
        keys: [found.key], words: "\(found.key) \(found.name)",
        summary: "This \(layer.className) uses \(found.name), which older releases do not know.")
    },
    mean: { layer, release, _ in
      guard let name = named(layer, Array(since.keys))?.name, let first = since[name], release.version.major < 3 else {
        return "known"
      }
      let isKnown =
        release.version.isTensorFlow
        ? release.version >= first.tensorFlow
        : first.standalone.map { release.version >= $0 } ?? false
      return isKnown ? "known" : .refused("refused: \(name) is unknown")
    })

  static let leakyReLU = LayerMeaning(
    id: "leaky-relu-default", title: "leaky_relu is not the layer LeakyReLU", family: .recurrent, severity: .warning,
    consequence: .inference, affected: "activation leaky_relu, or LeakyReLU without alpha",
    explanation: """
      The layer LeakyReLU has the slope 0.3 by default in every release; the function leaky_relu, known by name since Keras
      2.15, has 0.2 (measured on 2.15 and 3.15.1). Older releases refuse the name; whoever replaces one by the other changes
      the slope.
      """,
    fix: "State the slope: LeakyReLU(negative_slope=0.2) is the function.",
    find: { layer, subject in
      guard let found = named(layer, ["leaky_relu"]) else { return nil }
      return .init(
        keys: [found.key], words: "\(found.key) leaky_relu",
        summary: "This \(layer.className) uses the function leaky_relu, whose slope 0.2 the file does not state.")
    },
    mean: { _, release, _ in
      release.version >= KerasVersion(2, 15) ? "slope 0.2" : .refused("refused: the name is unknown")
    })

  static let layerObject = LayerMeaning(
    id: "activation-advanced-object", title: "An activation that is itself a layer", family: .recurrent,
    severity: .warning, consequence: .loading, affected: "Keras 2.1 to 2.15 files with a layer object as activation",
    explanation: """
      Keras 2 lets an activation be a layer (activation=LeakyReLU(0.1)) and saves the layer's object in its place. Keras 3
      refuses the old form of that object (measured on 3.15.1: "Could not interpret activation"); it reads the one it
      writes itself.
      """,
    fix: "`convert` writes the object in Keras 3's form.",
    find: { layer, subject in
      guard let saved = subject.savedFields(layer)["activation"], saved["class_name"] != nil,
        saved["module"] == nil, saved["class_name"] != "function"
      else { return nil }
      let name = saved["class_name"]?.stringValue ?? "layer"
      return .init(
        keys: ["activation"], words: "activation \(name)", summary: "The activation of this layer is a \(name) layer.")
    },
    mean: { _, release, _ in
      if release.version.major >= 3 { return .refused("refused: the object's form is not understood") }
      return release.isStandalone(before: KerasVersion(2, 1))
        ? .refused("refused: only names are known")
        : "the layer's function"
    })

  /// Layers over images: their outputs have four axes or more.
  private static func isImageLayer(_ layer: AuditedLayer) -> Bool {
    let name = layer.className
    return (name.contains("Conv2D") || name.contains("Conv3D")) && !name.contains("LSTM")
  }

  static let softmaxAxis = LayerMeaning(
    id: "softmax-axis", title: "Softmax over images takes the last axis", family: .recurrent, severity: .warning,
    consequence: .inference, affected: "softmax on four axes: refused up to 2.0.0, the last axis since 2.0.8",
    explanation: """
      Up to Keras 2.0.0 softmax knows two or three axes and refuses four (measured on 0.3.3 to 2.0.0, as a convolution's
      activation and as a layer of its own on 1.2.2 and 2.0.0); since 2.0.8 it takes the last axis of any number of them.
      In a channels_first model that is the width of the image, not its channels.
      """,
    fix: "In a channels_first model put Permute or Softmax(axis=1) in its place, unless the width was meant.",
    find: { layer, subject in
      guard layer.config["activation"] == "softmax",
        isImageLayer(layer) || layer.className == "Activation" && subject.images.fed.contains(layer.path)
      else { return nil }
      let axis = isChannelsFirst(layer, subject) ? "the width" : "the channels"
      return .init(
        keys: ["activation"], words: "activation softmax",
        summary: "The softmax of this \(layer.className) is taken over \(axis) of its output.")
    },
    mean: { layer, release, subject in
      if release.isStandalone(before: KerasVersion(2, 0, 8)) { return .refused("refused on four axes") }
      return isChannelsFirst(layer, subject) ? "softmax over the width" : "softmax over the channels"
    })

  /// An activation of its own has the order of the model's convolutions.
  private static func isChannelsFirst(_ layer: AuditedLayer, _ subject: AuditSubject) -> Bool {
    layer.className == "Activation" ? subject.isChannelsFirst : layer.config["data_format"] == "channels_first"
  }

  static let softmaxMask = LayerMeaning(
    id: "softmax-mask", title: "The Softmax layer heeds masks since TensorFlow 2.4", family: .recurrent,
    severity: .warning, consequence: .inference, affected: "Softmax layers behind a mask",
    explanation: """
      Softmax.call takes a mask since TensorFlow 2.4 and in Keras 3: masked places get a large negative number before the
      exponential, and so the probability 0. Earlier releases hand the mask on and do not use it.
      """,
    fix: "Remove the mask before the layer to get the earlier result.",
    find: { layer, subject in
      guard layer.className == "Softmax", subject.masks.masked.contains(layer.path) else { return nil }
      return .init(words: "masked softmax", summary: "A Softmax layer that is given a mask.")
    },
    mean: { _, release, _ in
      release.version >= KerasVersion(2, 4) ? "masked places have probability 0" : "the mask is not used"
    })
}
