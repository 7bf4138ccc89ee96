import KerasCore
import KerasModel

/// Convolutions and poolings as Theano computed them.
enum TheanoKernels {
  /// Whether the layer's kernels are flipped by Theano; depthwise, separable and locally connected ones are not.
  private static func isFlipped(_ layer: AuditedLayer) -> Bool {
    layer.className.hasPrefix("Conv")
  }

  static func isConvolution(_ layer: AuditedLayer) -> Bool {
    layer.className.contains("Conv") || layer.className.hasPrefix("LocallyConnected")
  }

  static func isPooling(_ layer: AuditedLayer) -> Bool {
    layer.className.hasPrefix("MaxPooling") || layer.className.hasPrefix("AveragePooling")
  }

  static func numbers(_ value: JSON?) -> [Int] {
    value?.arrayValue?.compactMap(\.intValue) ?? value?.intValue.map { [$0] } ?? []
  }

  static let flip = LayerMeaning(
    id: "theano-flip", title: "Theano's kernels are flipped", family: .convolution, severity: .error,
    consequence: .inference, affected: "files of Keras 0.1 to 2.3.1 on Theano with convolutions",
    explanation: """
      Theano computes a true convolution: kernels are reversed on every spatial axis. TensorFlow and all later backends
      correlate. A kernel trained on Theano must be turned by 180° to compute the same elsewhere; Keras 1 and 2 left that to
      the user (convert_all_kernels_in_model), and files of Keras 1 do not state their backend. Depthwise, separable and
      locally connected kernels are not flipped. Measured on 0.3.3 to 2.3.1.
      """,
    fix: "`convert` and `predict` turn the kernels; state --backend theano where the file does not say it.",
    find: { layer, subject in
      guard isFlipped(layer), subject.canonical.backend == "theano" else { return nil }
      return .init(
        words: "kernel of Theano",
        summary: "The kernel of this \(layer.className) was trained on Theano: it is flipped.")
    },
    mean: { _, release, _ in
      release.isTheano ? "convolution: the kernel is flipped" : "correlation: the kernel is taken as it stands"
    })

  /// Whether Theano's alignment of `same` gives other windows than TensorFlow's.
  private static func differs(_ layer: AuditedLayer) -> Bool {
    let strides = numbers(layer.config["strides"])
    let sizes = numbers(layer.config["kernel_size"])
    return strides.contains { $0 > 1 } || sizes.contains { $0 % 2 == 0 }
      || layer.className.hasSuffix("Transpose") && strides.contains { $0 > 1 }
  }

  static let same = LayerMeaning(
    id: "same-padding-theano", title: "Theano aligned same padding differently", family: .convolution,
    severity: .error, consequence: .inference,
    affected: "files on Theano: convolutions of padding same with strides above 1 or even kernels",
    explanation: """
      With padding same Theano pads k//2 on both sides for every size and stride and crops to ceil(n/s); TensorFlow pads
      max((ceil(n/s)−1)·s+k−n, 0) in all, the odd one at the end. For odd kernels and stride 1 they agree. Measured on
      0.3.3 to 2.3.1: 48 shapes each.
      """,
    fix: "`convert` writes explicit padding.",
    find: { layer, subject in
      guard isConvolution(layer), subject.canonical.backend == "theano",
        layer.config["padding"] == "keraskit>same_theano", differs(layer)
      else { return nil }
      return .init(
        keys: ["border_mode", "padding"], words: "padding same",
        summary: "The same padding of this \(layer.className) has windows at other places on Theano.")
    },
    mean: { _, release, _ in
      release.isTheano ? "k//2 on both sides, cropped" : "what is missing in all, the odd one at the end"
    })

  static let sameOfKeras0 = LayerMeaning(
    id: "same-padding-0.1", title: "Keras 0.1 and 0.2 cut same padding out of a full convolution",
    family: .convolution, severity: .error, consequence: .inference,
    affected: "Keras 0.1 and 0.2: convolutions of border_mode same with even kernels",
    explanation: """
      Keras 0.1 and 0.2 compute border_mode same as a full convolution and take the part from (k−1)//2 on. For odd kernels
      that is what later releases do; even kernels are aligned differently. Read in the sources of 0.1.3 and 0.2.0.
      """,
    fix: "`convert` writes explicit padding.",
    find: { layer, subject in
      guard isConvolution(layer), subject.canonical.readAs < KerasVersion(0, 3),
        subject.savedFields(layer)["border_mode"] == "same",
        numbers(layer.config["kernel_size"]).contains(where: { $0 % 2 == 0 })
      else { return nil }
      return .init(
        keys: ["border_mode"], words: "border_mode same", summary: "An even kernel with border_mode same of Keras 0.")
    },
    mean: { _, release, _ in
      release.version < KerasVersion(0, 3)
        ? "a full convolution from (k−1)//2 on"
        : release.isTheano ? "k//2 on both sides, cropped" : "what is missing in all, the odd one at the end"
    })

  static let full = LayerMeaning(
    id: "border-mode-full", title: "Padding full exists on Theano only", family: .convolution, severity: .error,
    consequence: .loading, affected: "Keras 0.1 to 1.2.2 on Theano, border_mode full",
    explanation: """
      border_mode full pads k−1 on both sides, so that the output is longer than the input. Theano alone has it; Keras 2
      and later refuse it (measured on 3.15.1).
      """,
    fix: "`convert` writes a padding layer and a valid convolution.",
    find: { layer, _ in
      guard layer.config["padding"] == "keraskit>full" else { return nil }
      return .init(
        keys: ["border_mode", "padding"], words: "padding full", summary: "This \(layer.className) pads full.")
    },
    mean: { _, release, _ in
      release.version.major < 2 && release.isTheano ? "k−1 on both sides" : .refused("refused: only same and valid")
    })

  static let poolingSame = LayerMeaning(
    id: "pool-theano-same", title: "Theano aligned same pooling differently", family: .convolution, severity: .error,
    consequence: .inference, affected: "files on Theano: poolings of padding same",
    explanation: """
      Windows of a same pooling begin at j·s − p with p = k−2 for odd k above 2 and k−1 otherwise on Theano, and at
      TensorFlow's own place elsewhere. Measured for k = 2 to 5, strides 1 to 3. One-dimensional same pooling could not run
      in 0.3.3 and 1.0.8.
      """,
    fix: "`convert` writes padding layers with the least value.",
    find: { layer, subject in
      guard isPooling(layer), subject.canonical.backend == "theano",
        layer.config["padding"] == "keraskit>same_theano"
      else { return nil }
      return .init(
        keys: ["border_mode", "padding"], words: "padding same",
        summary: "The same pooling of this \(layer.className) has windows at other places on Theano.")
    },
    mean: { _, release, _ in
      release.isTheano
        ? "p = k−2 (odd k > 2), else k−1, then cropped" : "what is missing in all, the odd one at the end"
    })

  static let averageCount = LayerMeaning(
    id: "avgpool-same-count", title: "Average pooling counted padded zeros", family: .convolution, severity: .error,
    consequence: .inference, affected: "Keras 2.0.4 to 2.1.4 on Theano, AveragePooling with padding same",
    explanation: """
      Average pooling divides by the number of real elements in a window in every release but Keras 2.0.4 to 2.1.4 on Theano,
      which counts the padded zeros too (average_inc_pad; measured on 2.0.8). TensorFlow: pool 2, stride 1, same on 1, 3, 5
      gives 2, 4, 5.
      """,
    fix: "`convert` writes layers that divide as the file's release did.",
    find: { layer, subject in
      guard layer.className.hasPrefix("AveragePooling"), subject.canonical.backend == "theano",
        (layer.config["padding"]?.stringValue ?? "").contains("same")
      else { return nil }
      return .init(
        keys: ["border_mode", "padding"], words: "padding same",
        summary: "An average pooling with padding same, from Theano.")
    },
    mean: { _, release, _ in
      release.isTheano && release.isStandalone(from: KerasVersion(2, 0, 4), before: KerasVersion(2, 1, 5))
        ? "divides by the whole window" : "divides by the real elements"
    })

  static let ignoreBorder = LayerMeaning(
    id: "pool-ignore-border-false", title: "Pooling kept partial windows at the border", family: .convolution,
    severity: .error, consequence: .inference, affected: "Keras 0.1 and 0.2, poolings with ignore_border false",
    explanation: """
      Poolings of Keras 0.1 and 0.2 with ignore_border=False keep the windows that hang over the end: the output has
      ceil(n/s) places. Keras 0.3 removed the field.
      """,
    fix: "`convert` writes padding with the least value before the pooling.",
    find: { layer, subject in
      guard layer.config["padding"] == "keraskit>ceil" else { return nil }
      return .init(
        keys: ["ignore_border"], words: "ignore_border false", summary: "This \(layer.className) keeps partial windows."
      )
    },
    mean: { _, release, _ in
      release.version < KerasVersion(0, 3) ? "partial windows at the end are kept" : .refused("the field is unknown")
    })
}
