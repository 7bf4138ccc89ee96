import KerasCore

extension AuditRegistry {
  static let convolution: [any AuditRule] = [
    TheanoKernels.flip,
    ReportedConvolutionRules.unknownBackend,
    TheanoKernels.same,
    TheanoKernels.sameOfKeras0,
    TheanoKernels.full,
    TheanoKernels.averageCount,
    TheanoKernels.poolingSame,
    TheanoKernels.ignoreBorder,
    DataFormatRules.missing,
    DataFormatRules.standard,
    DataFormatRules.flatten,
    DataFormatRules.denseAfterFlatten,
    DataFormatRules.concatenation,
    ShapeRules.transposedOutput,
    ReportedConvolutionRules.lostOutputPadding,
    ShapeRules.interpolation,
    ShapeRules.zeroPadding,
    ShapeRules.cosine,
    ShapeRules.dotAxes,
    DotMatrices(),
    ShapeRules.keepDims,
    SumAxis(),
  ]
}

/// What files do not say of their convolutions.
enum ReportedConvolutionRules {
  static let unknownBackend = ReportedRule(
    id: "theano-flip-unknown", title: "The backend is not stated, and the model depends on it", family: .convolution,
    severity: .warning, consequence: .inference, affected: "Keras 0 and 1 files, which have no backend attribute",
    explanation: """
      Convolutions and same poolings compute differently on Theano (see theano-flip, same-padding-theano,
      pool-theano-same), and files of Keras 1 do not state their backend. The names of the stored arrays tell it mostly:
      TensorFlow's end in ":0". Keras 0 ran on Theano alone until 0.3.
      """,
    fix: "State it with --backend theano or --backend tensorflow.")

  static let lostOutputPadding = LayerRemark(
    id: "output-padding-recovered", title: "output_padding is not in the file", family: .convolution, severity: .note,
    consequence: .inference, affected: "Keras 3.0 to 3.14, transposed convolutions",
    explanation: """
      Conv1DTranspose, Conv2DTranspose and Conv3DTranspose of Keras 3.0 to 3.14 take output_padding and do not save it. A
      reader builds the layer without. Where a later layer's stored shape betrays the true size, KerasKit recovers it and
      says so when it loads the weights.
      """,
    fix: "Check the model's output shape; state the field in the config where nothing tells it.",
    find: { layer, subject in
      guard layer.className.hasSuffix("Transpose"), layer.className.hasPrefix("Conv"), let version = subject.version,
        version.major == 3, version < KerasVersion(3, 15), !subject.states(layer, "output_padding"),
        TheanoKernels.numbers(layer.config["strides"]).contains(where: { $0 > 1 })
      else { return nil }
      return .init(
        summary: "\(subject.release) did not save the output_padding of this \(layer.className).",
        then: "Whatever output_padding the code had.", now: "None.")
    })
}
