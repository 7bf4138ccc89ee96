import KerasCore
import KerasGraph

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension BackendFunction {
  /// TensorFlow's transforms of signals (`tf.signal`), whose results are complex numbers, and what goes with them.
  static let complexSignals: Table = [
    (
      "keraskit>complex_rfft",
      BackendFunction("x fft_length") { arguments, context throws(ModelError) in
        // Its length is a list of one.
        let length = arguments["fft_length"].elements?.first ?? arguments["fft_length"]
        return complex(try call("rfft", [arguments["x"], length], writtenAs: arguments.function, &context))
      }
    ),
    (
      "keraskit>complex_irfft",
      BackendFunction("x fft_length") { arguments, context throws(ModelError) in
        let length = arguments["fft_length"].elements?.first ?? arguments["fft_length"]
        return try call(
          "irfft", [pair(arguments["x"], arguments, &context), length], writtenAs: arguments.function, &context)
      }
    ),
    (
      "keraskit>complex_fft",
      BackendFunction("x axes inverse") { arguments, context throws(ModelError) in
        try transformed(arguments, &context)
      }
    ),
    (
      "keraskit>complex_stft",
      BackendFunction("x frame_length frame_step fft_length window_fn pad_end") {
        arguments, context throws(ModelError) in
        try complexSpectrogram(arguments, &context)
      }
    ),
    (
      "keraskit>complex",
      BackendFunction("real imag") { arguments, context throws(ModelError) in
        .complex(real: try arguments.float("real", &context), imaginary: try arguments.float("imag", &context))
      }
    ),
    (
      "keraskit>real",
      BackendFunction("x") { arguments, _ throws(ModelError) in
        if case .complex(let real, _) = arguments["x"] { return .tensor(real) }
        return try arguments.required("x")
      }
    ),
    (
      "keraskit>imaginary",
      BackendFunction("x") { arguments, _ throws(ModelError) in
        guard case .complex(_, let imaginary) = arguments["x"] else {
          throw arguments.unsupported("x", "a tensor of complex numbers")
        }
        return .tensor(imaginary)
      }
    ),
    (
      "irfft",
      BackendFunction("x fft_length") { arguments, context throws(ModelError) in
        let (real, imaginary) = try parts(arguments["x"], arguments, &context)
        let own = try context.shape(real).known(axis: -1)
        let length = try arguments.int("fft_length", default: 2 * (own - 1))
        return .tensor(try inverse(real, imaginary, own, length, arguments, &context))
      }
    ),
    (
      "keraskit>cosine_transform",
      BackendFunction("x type n axis norm") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        guard try arguments.int("type", default: 2) == 2, arguments["n"].isNone,
          [nil, -1].contains(try arguments.optionalInt("axis"))
        else { throw arguments.unsupported("type", "2, of the last axis as it is") }
        let norm = try arguments.optionalString("norm")
        guard norm == nil || norm == "ortho" else { throw arguments.unsupported("norm", "'ortho' or None") }
        let count = try context.shape(x).known(axis: -1)
        return .tensor(try times(x, cosineMatrix(count, isOrthogonal: norm != nil), &context))
      }
    ),
    (
      "keraskit>mel_cepstrum",
      BackendFunction("x") { arguments, context throws(ModelError) in
        let x = try arguments.float("x", &context)
        let count = try context.shape(x).known(axis: -1)
        // A cosine transform whose scale is that of the Hidden Markov Toolkit.
        let scale = Float((1 / (2 * Double(count))).squareRoot())
        return .tensor(try context.scaled(times(x, cosineMatrix(count, isOrthogonal: false), &context), by: scale))
      }
    ),
    (
      "keraskit>mel_matrix",
      BackendFunction("num_mel_bins num_spectrogram_bins sample_rate lower_edge_hertz upper_edge_hertz dtype") {
        arguments, context throws(ModelError) in
        let matrix = try melMatrix(
          bands: arguments.int("num_mel_bins", default: 20), bins: arguments.int("num_spectrogram_bins", default: 129),
          rate: arguments.double("sample_rate", default: 8000), low: arguments.double("lower_edge_hertz", default: 125),
          high: arguments.double("upper_edge_hertz", default: 3800), arguments)
        return .tensor(context.constant(matrix))
      }
    ),
  ]

  private static func complex(_ parts: CallValue) -> CallValue {
    guard let both = parts.elements, both.count == 2, case .tensor(let real) = both[0],
      case .tensor(let imaginary) = both[1]
    else { return parts }
    return .complex(real: real, imaginary: imaginary)
  }

  /// Real and imaginary part of complex numbers, as TensorFlow or as Keras 3 has them, or of real ones.
  private static func parts(
    _ x: CallValue, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> (real: Value, imaginary: Value) {
    if case .complex(let real, let imaginary) = x { return (real, imaginary) }
    if let both = x.elements {
      guard both.count == 2 else { throw arguments.unsupported("x", "a real and an imaginary part") }
      return (
        try context.float(both[0], for: arguments.function), try context.float(both[1], for: arguments.function)
      )
    }
    let real = try context.float(x, for: arguments.function)
    return (real, try context.f(.multiply, real, 0))
  }

  private static func pair(
    _ x: CallValue, _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let (real, imaginary) = try parts(x, arguments, &context)
    return .sequence([.tensor(real), .tensor(imaginary)])
  }

  /// `tf.signal.stft`: frames lie from the first sample on, and a longer transform has zeros behind them.
  private static func complexSpectrogram(
    _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    let frame = try arguments.int("frame_length", default: 0)
    let step = try arguments.int("frame_step", default: 0)
    guard frame > 0, step > 0, frame < 1 << 20 else { throw arguments.unsupported("frame_length", "above 0") }
    var length = 1
    while length < frame { length *= 2 }
    length = try arguments.int("fft_length", default: length)
    guard length >= frame, length < 1 << 20 else {
      throw arguments.unsupported("fft_length", "at least as long as the frame")
    }
    let window: FramedFourier.Window
    switch arguments["window_fn"] {
    case .none: window = .none
    case .string("hann"): window = .hann
    case .name(let name) where name.hasSuffix("signal.hann_window"): window = .hann
    case .name(let name) where name.hasSuffix("signal.hamming_window"): window = .hamming
    default: throw arguments.unsupported("window_fn", "tf.signal.hann_window, tf.signal.hamming_window or None")
    }
    var x = try arguments.float("x", &context)
    let leading = context.shape(x).rank - 1
    guard leading >= 0 else { throw ModelError(.inputShape(expected: "samples", found: context.shape(x))) }
    if try arguments.bool("pad_end", default: false) {
      let samples = try context.shape(x).known(axis: -1)
      let missing = max(0, ((samples + step - 1) / step - 1) * step + frame - samples)
      let none = Array(repeating: 0, count: leading)
      x = try context.op(.pad(before: none + [0], after: none + [missing], value: 0), x)
    }
    let transform = FramedFourier(
      length: length, frame: frame, stride: step, window: window, reflects: false, isCentred: false)
    let signals = try context.op(
      .reshape([.inferred, context.dimensions(of: x).last ?? .fixed(1), .fixed(1)]), x)
    let (real, imaginary) = try transform.spectrum(signals, &context)
    guard leading != 1 else { return .complex(real: real, imaginary: imaginary) }
    func shaped(_ part: Value) throws(ModelError) -> Value {
      let sizes = context.dimensions(of: x, operand: 1).dropLast() + context.dimensions(of: part)[1...]
      return try context.op(.reshape(Array(sizes)), part, x)
    }
    return .complex(real: try shaped(real), imaginary: try shaped(imaginary))
  }

  /// The transform of complex numbers along the last axes, one after the other.
  private static func transformed(
    _ arguments: FunctionArguments, _ context: inout LoweringContext
  ) throws(ModelError) -> CallValue {
    var (real, imaginary) = try parts(arguments["x"], arguments, &context)
    let rank = context.shape(real).rank
    let isInverse = try arguments.bool("inverse", default: false)
    for axis in 0..<(try arguments.int("axes", default: 1)) where axis < rank {
      let order = Array(0..<rank - 1 - axis) + Array((rank - axis..<rank)) + [rank - 1 - axis]
      let back = order.enumerated().sorted { $0.element < $1.element }.map(\.offset)
      let (a, b) = (try context.op(.transpose(order), real), try context.op(.transpose(order), imaginary))
      let count = try context.shape(a).known(axis: -1)
      let (cosines, sines) = try FourierMatrix.parts(samples: count, frequencies: count, length: count)
      // e^(−iφ), or e^(iφ) / n on the way back.
      let (first, second): (Binary, Binary) = isInverse ? (.subtract, .add) : (.add, .subtract)
      var re = try context.f(first, times(a, cosines, &context), times(b, sines, &context))
      var im = try context.f(second, times(b, cosines, &context), times(a, sines, &context))
      if isInverse {
        (re, im) = (try context.scaled(re, by: 1 / Float(count)), try context.scaled(im, by: 1 / Float(count)))
      }
      (real, imaginary) = (try context.op(.transpose(back), re), try context.op(.transpose(back), im))
    }
    return .complex(real: real, imaginary: imaginary)
  }

  /// Samples of a spectrum's non-negative frequencies; missing ones are 0, and those beyond the length are left out.
  private static func inverse(
    _ real: Value, _ imaginary: Value, _ own: Int, _ length: Int, _ arguments: FunctionArguments,
    _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    guard length > 0, own > 0, let count = checkedProduct([own, length]), count < 1 << 24 else {
      throw arguments.unsupported("fft_length", "a number above 0")
    }
    var cosines = [Float](repeating: 0, count: count)
    var sines = cosines
    for frequency in 0..<min(own, length / 2 + 1) {
      // All but the first and, of an even length, the last stand for their mirror image too.
      let weight = (frequency == 0 || 2 * frequency == length ? 1 : 2) / Double(length)
      for sample in 0..<length {
        let angle = 2 * Double.pi * Double(frequency * sample % length) / Double(length)
        cosines[frequency * length + sample] = Float(weight * cos(angle))
        sines[frequency * length + sample] = Float(weight * sin(angle))
      }
    }
    let matrices = try LoweringContext.matrices([cosines, sines], shape: [own, length])
    return try context.f(.subtract, times(real, matrices[0], &context), times(imaginary, matrices[1], &context))
  }

  /// 2·cos(πk(2n + 1) / 2N), whose columns have norm 1 where it is orthogonal.
  private static func cosineMatrix(_ count: Int, isOrthogonal: Bool) throws(ModelError) -> TensorData {
    guard count > 0, count < 1 << 12 else { throw ModelError(.unsupported("a cosine transform of \(count) numbers")) }
    let n = Double(count)
    var elements: [Float] = []
    for sample in 0..<count {
      for frequency in 0..<count {
        let scale = isOrthogonal ? (1 / ((frequency == 0 ? 4 : 2) * n)).squareRoot() : 1
        let angle = Double.pi * Double(frequency) * Double(2 * sample + 1) / (2 * n)
        elements.append(Float(2 * scale * cos(angle)))
      }
    }
    return try LoweringContext.matrices([elements], shape: [count, count])[0]
  }

  /// Triangles over the mel scale, `(bins, bands)`: `tf.signal.linear_to_mel_weight_matrix`.
  private static func melMatrix(
    bands: Int, bins: Int, rate: Double, low: Double, high: Double, _ arguments: FunctionArguments
  ) throws(ModelError) -> TensorData {
    guard bands > 0, bins > 1, bands < 1 << 12, bins < 1 << 16, rate > 0, low >= 0, high > low, high <= rate / 2 else {
      throw arguments.unsupported("num_mel_bins", "above 0, with frequencies below half the sample rate")
    }
    func mel(_ hertz: Double) -> Double { 1127 * log(1 + hertz / 700) }
    let edges = (0..<bands + 2).map { mel(low) + (mel(high) - mel(low)) * Double($0) / Double(bands + 1) }
    var elements = [Float](repeating: 0, count: bins * bands)
    for bin in 1..<bins {
      let place = mel(rate / 2 * Double(bin) / Double(bins - 1))
      for band in 0..<bands {
        let rise = (place - edges[band]) / (edges[band + 1] - edges[band])
        let fall = (edges[band + 2] - place) / (edges[band + 2] - edges[band + 1])
        elements[bin * bands + band] = Float(max(0, min(rise, fall)))
      }
    }
    return try LoweringContext.matrices([elements], shape: [bins, bands])[0]
  }
}

extension LoweringContext {
  fileprivate static func matrices(_ all: [[Float]], shape: [Int]) throws(ModelError) -> [TensorData] {
    var matrices: [TensorData] = []
    for elements in all {
      matrices.append(try data { () throws(TensorDataError) in try TensorData(shape: shape, floats: elements) })
    }
    return matrices
  }
}
