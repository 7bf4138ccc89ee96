import KerasCore
import KerasGraph

extension BackendFunction {
  /// Fourier transforms (Keras 3, `keras.ops`), whose complex results are pairs of real and imaginary parts.
  static let signals: Table = [
    (
      "rfft",
      BackendFunction("x fft_length") { arguments, context throws(ModelError) in
        var x = try arguments.float("x", &context)
        let own = try context.shape(x).known(axis: -1)
        let length = try arguments.int("fft_length", default: own)
        guard length > 0 else { throw arguments.unsupported("fft_length", "a number above 0") }
        if length < own { x = try context.sliced(x, axis: context.shape(x).rank - 1, from: 0, to: length) }
        let (cosines, sines) = try FourierMatrix.parts(
          samples: min(own, length), frequencies: length / 2 + 1, length: length)
        let real = try times(x, cosines, &context)
        let imaginary = try context.f(.negate, times(x, sines, &context))
        return .sequence([.tensor(real), .tensor(imaginary)])
      }
    ),
    (
      "fft",
      BackendFunction("x") { arguments, context throws(ModelError) in
        guard case .sequence(let parts) = try arguments.required("x"), parts.count == 2 else {
          throw arguments.unsupported("x", "a real and an imaginary part")
        }
        let real = try context.float(parts[0], for: arguments.function)
        let imaginary = try context.float(parts[1], for: arguments.function)
        let count = try context.shape(real).known(axis: -1)
        let (cosines, sines) = try FourierMatrix.parts(samples: count, frequencies: count, length: count)
        return .sequence([
          .tensor(try context.f(.add, times(real, cosines, &context), times(imaginary, sines, &context))),
          .tensor(try context.f(.subtract, times(imaginary, cosines, &context), times(real, sines, &context))),
        ])
      }
    ),
    (
      "stft",
      BackendFunction("x sequence_length sequence_stride fft_length window center") {
        arguments, context throws(ModelError) in
        let frame = try arguments.int("sequence_length", default: 0)
        let stride = try arguments.int("sequence_stride", default: 0)
        let length = try arguments.int("fft_length", default: frame)
        guard frame > 0, stride > 0, length >= frame, length < 1 << 20 else {
          throw arguments.unsupported("sequence_length", "above 0 and no longer than fft_length")
        }
        let window: FramedFourier.Window
        switch arguments["window"] {
        case .none, .string("hann"): window = .hann
        case .string("hamming"): window = .hamming
        default: throw arguments.unsupported("window", "'hann' or 'hamming'")
        }
        let x = try arguments.float("x", &context)
        guard context.shape(x).rank == 2 else {
          throw ModelError(.inputShape(expected: "(batch, samples)", found: context.shape(x)))
        }
        let transform = FramedFourier(
          length: length, frame: frame, stride: stride, window: window,
          reflects: try arguments.bool("center", default: true))
        let (real, imaginary) = try transform.spectrum(context.expanded(x, axis: 2), &context)
        return .sequence([.tensor(real), .tensor(imaginary)])
      }
    ),
  ]

  static func times(
    _ x: Value, _ matrix: TensorData, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    guard context.shape(x).rank > 1 else {
      throw ModelError(.inputShape(expected: "at least 2 axes", found: context.shape(x)))
    }
    return try context.op(.matmul(transposeA: false, transposeB: false), x, context.constant(matrix))
  }
}
