import KerasCore
import KerasGraph
import OrderedCollections

/// Spectra of overlapping frames of `(batch, time, channels)` signals, by kernels that are weights.
///
/// Keras 3.9 and later (`layers/preprocessing/stft_spectrogram.py`): frames are the windows of a convolution whose
/// kernels begin as the windowed Fourier matrix.
public struct STFTSpectrogram: Layer {
  public static let className = "STFTSpectrogram"

  /// What is put out of the complex spectrum.
  enum Mode: String, Sendable, CaseIterable { case log, magnitude, psd, real, imag, angle, stft }

  let mode: Mode
  let frameLength: Int
  let frameStep: Int?
  let fftLength: Int?
  let isSame: Bool
  let expandsDimensions: Bool
  let dataFormat: DataFormat
  private let window: JSON
  private let periodic: Bool
  private let scaling: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    mode = Mode(rawValue: try config.choice("mode", Mode.allCases.map(\.rawValue), default: "log")) ?? .log
    frameLength = try config.positiveInt("frame_length", default: 256)
    frameStep = config.json("frame_step").isNull ? nil : try config.positiveInt("frame_step")
    fftLength = config.json("fft_length").isNull ? nil : try config.positiveInt("fft_length")
    window = config.json("window")
    periodic = try config.bool("periodic", default: false)
    scaling = config.json("scaling")
    isSame = try config.choice("padding", ["valid", "same"], default: "valid") == "same"
    expandsDimensions = try config.bool("expand_dims", default: false)
    dataFormat = try config.dataFormat()
  }

  public var config: OrderedDictionary<String, JSON> {
    [
      "mode": .string(mode.rawValue), "frame_length": JSON(frameLength),
      "frame_step": frameStep.map { JSON($0) } ?? .null, "fft_length": fftLength.map { JSON($0) } ?? .null,
      "window": window, "periodic": .bool(periodic),
      "scaling": scaling, "padding": isSame ? "same" : "valid", "data_format": .string(dataFormat.rawValue),
      "expand_dims": .bool(expandsDimensions),
    ]
  }

  /// Half of the Fourier transform's length, which is the frame's or the next power of two, and one.
  private var frequencyCount: Int {
    if let fftLength { return fftLength / 2 + 1 }
    var length = 1
    while length < frameLength { length *= 2 }
    return length / 2 + 1
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let fields: JSON = ["window": window, "periodic": .bool(periodic), "scaling": scaling]
    func kernel(_ side: String) -> WeightSpec {
      var config = fields
      config["side"] = .string(side)
      return WeightSpec(
        "\(side)_kernel", [frameLength, 1, frequencyCount], initializer: ["class_name": "STFT", "config": config])
    }
    return (mode == .imag ? [] : [kernel("real")]) + (mode == .real ? [] : [kernel("imag")])
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(3)
      return try arranged(spectrum(context.cast(x, to: .float32), &context), &context)
    }
  }

  /// What `mode` asks for, as `(batch, channels, time, frequencies)`.
  private func spectrum(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    if mode == .real { return try frames(x, "real_kernel", &context) }
    if mode == .imag { return try frames(x, "imag_kernel", &context) }
    let real = try frames(x, "real_kernel", &context)
    let imaginary = try frames(x, "imag_kernel", &context)
    if mode == .stft { return try context.op(.concatenate(axis: 3), real, imaginary) }
    if mode == .angle { return try context.arctangent(imaginary, real) }
    let power = try context.op(
      .binary(.add), context.op(.unary(.square), real), context.op(.unary(.square), imaginary))
    if mode == .psd {
      let count = frequencyCount
      // Every frequency but the first and the last stands for two.
      guard count > 2 else { return power }
      let inner = try context.sliced(power, axis: 3, from: 1, to: count - 1)
      let both = try context.op(.pad(before: [0, 0, 0, 1], after: [0, 0, 0, 1], value: 0), inner)
      return try context.op(.binary(.add), power, both)
    }
    let epsilon = context.constant(1e-7)
    let magnitude = try context.op(.unary(.squareRoot), context.op(.binary(.maximum), power, epsilon))
    if mode == .magnitude { return magnitude }
    return try context.op(.unary(.logarithm), context.op(.binary(.maximum), magnitude, epsilon))
  }

  /// One convolution over each channel by itself, as `(batch, channels, time, frequencies)`.
  private func frames(
    _ x: Value, _ role: String, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let channels = try context.shape(x).known(axis: dataFormat.channelAxis(rank: 3))
    let apart = dataFormat == .channelsLast ? try context.op(.transpose([0, 2, 1]), x) : x
    let signal = try context.op(.reshape([.inferred, context.dimensions(of: apart)[2], .fixed(1)]), apart)
    let convolution = Convolution(
      strides: [frameStep ?? max(frameLength / 2, 1)], padding: isSame ? .same : .valid(1), dilations: [1])
    let result = try context.op(.convolution(convolution), signal, context.weight(role))
    let sizes = context.dimensions(of: result)
    return try context.op(.reshape([.inferred, .fixed(channels), sizes[1], sizes[2]]), result)
  }

  /// The spectrum's axes in the order of the data format, channels and frequencies as one axis unless kept apart.
  private func arranged(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    if expandsDimensions { return dataFormat == .channelsLast ? try context.op(.transpose([0, 2, 3, 1]), x) : x }
    guard let channels = context.shape(x)[1], let frequencies = context.shape(x)[3] else { return x }
    let joined = TargetDimension.fixed(channels * frequencies)
    let y = try context.op(.transpose(dataFormat == .channelsLast ? [0, 2, 1, 3] : [0, 1, 3, 2]), x)
    let sizes = context.dimensions(of: y)
    return try context.op(
      .reshape(dataFormat == .channelsLast ? [sizes[0], sizes[1], joined] : [sizes[0], joined, sizes[3]]), y)
  }
}
