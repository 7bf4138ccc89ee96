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
  /// Windows as values (`tf.signal`), and what puts frames together again.
  static let signalWindows: Table = [
    (
      "keraskit>cosine_window",
      BackendFunction("window_length periodic dtype a b") { arguments, context throws(ModelError) in
        let periodic = try arguments.bool("periodic", default: true)
        let (a, b) = (try arguments.double("a", default: 0.5), try arguments.double("b", default: 0.5))
        // Of an odd length the window is the same, periodic or not (window_ops.py).
        return try window(arguments, &context) { index, count in
          let length = Double(count + (periodic && count % 2 == 0 ? 1 : 0) - 1)
          return a - b * cos(2 * .pi * Double(index) / length)
        }
      }
    ),
    (
      "keraskit>kaiser_window",
      BackendFunction("window_length beta dtype") { arguments, context throws(ModelError) in
        let beta = try arguments.double("beta", default: 12)
        guard beta.magnitude <= 256 else { throw arguments.unsupported("beta", "at most 256") }
        return try window(arguments, &context) { index, count in
          let place = 2 * Double(index) / Double(count - 1) - 1
          return bessel(beta * max(0, 1 - place * place).squareRoot()) / bessel(beta)
        }
      }
    ),
    (
      "keraskit>vorbis_window",
      BackendFunction("window_length dtype") { arguments, context throws(ModelError) in
        try window(arguments, &context) { index, count in
          let inner = sin(.pi * (Double(index) + 0.5) / Double(count))
          return sin(.pi / 2 * inner * inner)
        }
      }
    ),
    // Frames `(…, frames, length)` added up, each a step behind the one before it.
    (
      "keraskit>overlap_and_add",
      BackendFunction("signal frame_step") { arguments, context throws(ModelError) in
        let x = try arguments.float("signal", &context)
        let step = try arguments.int("frame_step", default: 0)
        let rank = context.shape(x).rank
        guard rank >= 2, step > 0 else { throw arguments.unsupported("frame_step", "above 0") }
        let (frames, length) = (try context.shape(x).known(axis: -2), try context.shape(x).known(axis: -1))
        guard frames > 0, length > 0, length < 1 << 12 else {
          throw arguments.unsupported("signal", "frames of at most 4095 samples")
        }
        var unit = [Float](repeating: 0, count: length * length)
        for sample in 0..<length { unit[sample * length + sample] = 1 }
        let kernel = try LoweringContext.data { () throws(TensorDataError) in
          try TensorData(shape: [length, 1, length], floats: unit)
        }
        let flat = try context.op(.reshape([.inferred, .fixed(frames), .fixed(length)]), x)
        let total = (frames - 1) * step + length
        let convolution = Convolution(strides: [step], padding: .valid(1), dilations: [1])
        let sum = try context.op(
          .convolutionInputGradient(convolution, outputSpatial: [total]), flat, context.constant(kernel))
        let target = context.dimensions(of: x, operand: 1).dropLast(2) + [.fixed(total)]
        return .tensor(try context.op(.reshape(Array(target)), sum, x))
      }
    ),
    (
      "keraskit>angle",
      BackendFunction("x") { arguments, context throws(ModelError) in
        guard case .complex(let real, let imaginary) = arguments["x"] else {
          throw arguments.unsupported("x", "a tensor of complex numbers")
        }
        return try call("arctan2", [.tensor(imaginary), .tensor(real)], &context)
      }
    ),
  ]

  private static func window(
    _ arguments: FunctionArguments, _ context: inout LoweringContext, _ value: (Int, Int) -> Double
  ) throws(ModelError) -> CallValue {
    let count = try arguments.int("window_length", default: 0)
    guard (1...1 << 20).contains(count) else { throw arguments.unsupported("window_length", "a number above 0") }
    let numbers = count == 1 ? [1] : (0..<count).map { Float(value($0, count)) }
    let data = try LoweringContext.data { () throws(TensorDataError) in try TensorData(shape: [count], floats: numbers)
    }
    return .tensor(context.constant(data))
  }

  /// The modified Bessel function of order 0 by its series.
  private static func bessel(_ x: Double) -> Double {
    var (sum, term) = (1.0, 1.0)
    for index in 1...1000 {
      term *= (x / (2 * Double(index))) * (x / (2 * Double(index)))
      sum += term
      if term < sum * 1e-17 { break }
    }
    return sum
  }
}
