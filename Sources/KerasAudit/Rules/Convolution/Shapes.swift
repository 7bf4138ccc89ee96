import KerasCore
import KerasModel

/// Layers that reshape, resize and merge.
enum ShapeRules {
  static let transposedOutput = LayerMeaning(
    id: "conv-transpose-output", title: "The output shape of a Deconvolution2D is dropped by Keras 2",
    family: .convolution, severity: .warning, consequence: .inference,
    affected: "Keras 1.0.7 to 1.2.2, Deconvolution2D",
    explanation: """
      Deconvolution2D of Keras 1 is told its output_shape. Conv2DTranspose of Keras 2 infers it and drops the field; for a
      stride above 1 several shapes are possible, and the inferred one may be another.
      """,
    fix: "`convert` writes output_padding or a cropping that gives the saved shape.",
    find: { layer, subject in
      guard layer.className == "Conv2DTranspose", let shape = subject.savedFields(layer)["output_shape"],
        !shape.isNull
      else { return nil }
      return .init(
        keys: ["output_shape"], words: "output_shape \(shape.text())",
        summary: "This Deconvolution2D states its output shape, \(shape.text()).")
    },
    mean: { _, release, _ in
      release.version.major < 2 ? "the shape stated" : "the shape inferred from sizes and strides"
    })

  static let interpolation = LayerMeaning(
    id: "upsampling-interpolation", title: "Bilinear UpSampling2D used other points", family: .convolution,
    severity: .error, consequence: .inference,
    affected: "Keras 2.2.3 to 2.3.1, UpSampling2D with interpolation bilinear",
    explanation: """
      Standalone Keras 2.2.3 to 2.3.1 takes source = target / scale; tf.keras (1.15 too) and Keras 3 use half-pixel centres,
      (target + 0.5) / scale − 0.5. Measured: the row 0, 1 doubled is 0, 0.5, 1, 1 in 2.3.1 and 0, 0.25, 0.75, 1 in tf.keras.
      """,
    fix: "`convert` writes layers that use the saved points.",
    find: { layer, subject in
      guard layer.className == "UpSampling2D", subject.savedFields(layer)["interpolation"] == "bilinear" else {
        return nil
      }
      return .init(
        keys: ["interpolation"], words: "interpolation bilinear", summary: "This UpSampling2D interpolates bilinearly.")
    },
    mean: { _, release, _ in
      if release.isStandalone(before: KerasVersion(2, 2, 3)) { return .refused("refused: the field is unknown") }
      return release.isStandalone() ? "source = target / scale" : "half-pixel centres"
    })

  static let zeroPadding = LayerMeaning(
    id: "zeropadding-4tuple", title: "Four numbers of padding are refused since Keras 2", family: .convolution,
    severity: .warning, consequence: .loading, affected: "Keras 1, ZeroPadding2D with [top, bottom, left, right]",
    explanation: """
      ZeroPadding2D of Keras 1 takes four numbers or named sides; Keras 2 and later want one, two, or two pairs and refuse
      the old form (measured on 3.15.1: "padding should have two elements").
      """,
    fix: "`convert` writes [[top, bottom], [left, right]].",
    find: { layer, subject in
      guard layer.className == "ZeroPadding2D", let saved = subject.savedFields(layer)["padding"],
        saved.arrayValue?.count == 4 || saved.objectValue != nil
      else { return nil }
      return .init(
        keys: ["padding"], words: "padding \(saved.text())", summary: "This ZeroPadding2D has four numbers of padding.")
    },
    mean: { _, release, _ in
      release.version.major < 2 ? "top, bottom, left, right" : .refused("refused: two elements are wanted")
    })

  static let cosine = LayerMeaning(
    id: "merge-cos-axis", title: "Merge cos is not Dot(normalize=True)", family: .convolution, severity: .error,
    consequence: .inference, affected: "Keras 0.3 to 1.2.2, Merge with mode cos",
    explanation: """
      Merge cos of Keras 1 puts out one axis more than it declares, (batch, 1, 1) for vectors, and divides sequences
      elementwise by √(D(x,x)·D(y,y)): off the diagonal the values are no cosines and may reach 1e7. Dot with normalize of
      Keras 2 and later is a true cosine. Measured on 1.0.8 and 1.2.2, and on 0.3.3, whose shape is (batch, 1).
      """,
    fix: "`convert` writes layers that compute the old values.",
    find: { layer, _ in
      guard layer.className == "keraskit>MergeCos" else { return nil }
      return .init(keys: ["mode"], words: "mode cos", summary: "A merge with mode cos.")
    },
    mean: { _, release, _ in
      switch release.version.major {
      case 0: "x·y / (‖x‖‖y‖), shape (batch, 1)"
      case 1: "elementwise division, one axis more"
      default: .refused("Merge is gone; Dot(normalize=True) is a true cosine")
      }
    })

  static let dotAxes = LayerMeaning(
    id: "dot-axes", title: "One number as dot_axes meant several axes in Keras 0", family: .convolution,
    severity: .error, consequence: .inference, affected: "Keras 0, Merge with mode dot or cos and a single number",
    explanation: """
      In Keras 0.3.3 dot_axes = n contracts the last n axes of both inputs; in Keras 1 and later it names one axis of
      each. Measured: dot_axes 2 on (2, 3, 4) gives (batch, 1) in 0.3.3 and (batch, 3, 3) in 1.0.8.
      """,
    fix: "`convert` writes the axes as pairs.",
    find: { layer, subject in
      let saved = subject.savedFields(layer)
      guard layer.className == "Dot" || layer.className == "keraskit>MergeCos", subject.canonical.readAs.major == 0,
        let axes = saved["dot_axes"]?.intValue, axes != -1
      else { return nil }
      return .init(
        keys: ["dot_axes"], words: "dot_axes \(axes)", summary: "The dot_axes of this merge is a single number.")
    },
    mean: { _, release, _ in
      release.version.major == 0 ? "the last n axes are contracted" : "axis n of both inputs is contracted"
    })

  static let keepDims = LayerMeaning(
    id: "global-pool-keepdims", title: "keepdims is unknown before TensorFlow 2.6", family: .convolution,
    severity: .warning, consequence: .loading, affected: "global poolings with keepdims, older readers",
    explanation: """
      Global poolings keep their spatial axes as ones with keepdims=True, since TensorFlow 2.6. Older releases refuse the
      field.
      """,
    fix: "Put a Reshape behind a global pooling without the field for older readers.",
    find: { layer, subject in
      guard layer.className.hasPrefix("Global"), let value = subject.savedFields(layer)["keepdims"] else { return nil }
      return .init(
        keys: ["keepdims"], words: "keepdims \(value.text())", summary: "This \(layer.className) states keepdims.")
    },
    mean: { _, release, _ in
      release.version < KerasVersion(2, 6) ? .refused("refused: the field is unknown") : "as stated"
    })

  static let mergeMask = LayerMeaning(
    id: "merge-mask", title: "Merged masks are combined differently in Keras 3", family: .masks, severity: .warning,
    consequence: .inference,
    affected: "Add, Average, Concatenate, Maximum, Minimum, Multiply and Subtract behind masks",
    explanation: """
      Up to Keras 2.15 a step of a merge counts if every input that has a mask keeps it; in Keras 3 if any input keeps it,
      and there is a mask only if all have one. Read in the sources and compared on recorded models.
      """,
    fix: "`convert` writes layers that keep the old mask where something uses it.",
    find: { layer, subject in
      guard
        ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"].contains(layer.className),
        subject.masks.masked.contains(layer.path)
      else { return nil }
      return .init(words: "mask of a merge", summary: "A \(layer.className) that is given masks.")
    },
    mean: { _, release, _ in
      release.version.major < 3 ? "a step counts if all masks keep it" : "a step counts if any mask keeps it"
    })
}
