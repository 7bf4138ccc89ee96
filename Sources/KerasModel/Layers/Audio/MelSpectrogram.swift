import KerasCore
import KerasGraph
import OrderedCollections

/// Mel spectra of overlapping frames of `(…, samples)` signals, as `(…, num_mel_bins, time)`.
///
/// Keras 3 on TensorFlow (`layers/preprocessing/mel_spectrogram.py`): frames centred on their time, the signal reflected
/// at both ends. Decibels are cut `top_db` below the loudest of the whole batch.
public struct MelSpectrogram: Layer {
  public static let className = "MelSpectrogram"

  let scale: MelScale
  let fourier: FramedFourier
  let toDecibels: Bool
  let topDecibels: Double
  let exponent: Double
  let minimumPower: Double
  let referencePower: Double
  private let window: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    let length = try config.positiveInt("fft_length", default: 2048)
    let frame = try config.int("sequence_length", default: length)
    window = config.json("window")
    fourier = FramedFourier(
      length: length, frame: frame == 0 ? length : frame,
      stride: try config.positiveInt("sequence_stride", default: 512),
      window: try FramedFourier.Window(window, &config))
    guard fourier.frame > 0, fourier.frame <= length else {
      throw config.wrong("sequence_length", "at most fft_length, \(length)", JSON(frame))
    }
    let rate = try config.double("sampling_rate", default: 16000)
    let top = try config.double("max_freq", default: 0)
    scale = MelScale(
      rate: rate, bins: try config.positiveInt("num_mel_bins", default: 128),
      lowest: try config.double("min_freq", default: 20), highest: top == 0 ? (rate / 2).rounded(.towardZero) : top)
    toDecibels = try config.bool("power_to_db", default: true)
    topDecibels = try config.double("top_db", default: 80)
    exponent = try config.double("mag_exp", default: 2)
    minimumPower = try config.double("min_power", default: 1e-10)
    referencePower = try config.double("ref_power", default: 1)
  }

  public var config: OrderedDictionary<String, JSON> {
    [
      "fft_length": JSON(fourier.length), "sequence_stride": JSON(fourier.stride),
      "sequence_length": JSON(fourier.frame), "window": window, "sampling_rate": .whole(scale.rate),
      "num_mel_bins": JSON(scale.bins), "min_freq": .number(scale.lowest), "max_freq": .whole(scale.highest),
      "power_to_db": .bool(toDecibels), "top_db": .number(topDecibels), "mag_exp": .number(exponent),
      "min_power": .number(minimumPower), "ref_power": .number(referencePower),
    ]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let rank = context.shape(x).rank
      guard rank >= 2 else { throw ModelError(.inputShape(expected: "a batch of signals", found: context.shape(x))) }
      let samples = context.dimensions(of: x)[rank - 1]
      let signal = try context.op(.reshape([.inferred, samples, .fixed(1)]), context.cast(x, to: .float32))
      let matrix = try scale.matrix(frequencies: fourier.frequencyCount)
      var y = try context.op(
        .matmul(transposeA: false, transposeB: false), magnitudes(signal, &context), context.constant(matrix))
      if toDecibels { y = try decibels(y, &context) }
      y = try context.op(.transpose([0, 2, 1]), y)
      if rank == 2 { return y }
      let leading = context.dimensions(of: x, operand: 1).dropLast()
      let sizes = context.dimensions(of: y)
      return try context.op(.reshape(Array(leading) + sizes[1...]), y, x)
    }
  }

  /// The spectrum's magnitudes to the power `mag_exp`, as `(signals, time, frequencies)`.
  private func magnitudes(_ signal: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let (real, imaginary) = try fourier.spectrum(signal, &context)
    let squares = try context.op(
      .binary(.add), context.op(.unary(.square), real), context.op(.unary(.square), imaginary))
    if exponent == 2 { return squares }
    let magnitude = try context.op(.unary(.squareRoot), squares)
    return exponent == 1 ? magnitude : try context.op(.binary(.power), magnitude, context.constant(Float(exponent)))
  }

  private func decibels(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let floor = Float(minimumPower)
    // 10 / ln 10.
    let factor: Float = 4.342_944_8
    let power = try context.op(.binary(.maximum), x, context.constant(floor))
    let level = try context.scaled(context.op(.unary(.logarithm), power), by: factor)
    let reference = try context.scaled(
      context.op(.unary(.logarithm), context.constant(max(Float(referencePower.magnitude), floor))), by: factor)
    let relative = try context.op(.binary(.subtract), level, reference)
    let loudest = try context.op(.reduce(.maximum, axes: [0, 1, 2], keepDimensions: true), relative)
    return try context.op(.binary(.maximum), relative, context.shifted(loudest, by: -Float(topDecibels)))
  }
}

extension JSON {
  /// A number written without a fraction where it has none.
  fileprivate static func whole(_ value: Double) -> JSON {
    Int(exactly: value).map { JSON($0) } ?? .number(value)
  }
}
