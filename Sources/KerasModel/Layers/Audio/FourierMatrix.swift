import KerasCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Cosines and sines by which signals are multiplied for their discrete Fourier transform.
enum FourierMatrix {
  /// Two matrices `(samples, frequencies)` of a transform of `length` samples, of which those behind `samples` are 0.
  static func parts(
    samples: Int, frequencies: Int, length: Int
  ) throws(ModelError) -> (cosines: TensorData, sines: TensorData) {
    guard samples > 0, frequencies > 0, length > 0, let count = checkedProduct([samples, frequencies]), count < 1 << 24
    else { throw ModelError(.unsupported("a Fourier transform of \(length) samples")) }
    let turn = 2 * Double.pi / Double(length)
    let circle = (0..<length).map { (cosine: Float(cos(turn * Double($0))), sine: Float(sin(turn * Double($0)))) }
    var cosines = [Float](repeating: 0, count: count)
    var sines = cosines
    for sample in 0..<samples {
      for frequency in 0..<frequencies {
        let point = circle[sample * frequency % length]
        cosines[sample * frequencies + frequency] = point.cosine
        sines[sample * frequencies + frequency] = point.sine
      }
    }
    let shape = [samples, frequencies]
    do {
      return (try TensorData(shape: shape, floats: cosines), try TensorData(shape: shape, floats: sines))
    } catch {
      throw ModelError(.unsupported(error.description))
    }
  }
}
