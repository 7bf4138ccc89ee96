import KerasCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Triangular bands of equal width in mel: mel(f) = 1127·ln(1 + f / 700).
struct MelScale: Sendable {
  /// Samples per second.
  let rate: Double
  let bins: Int
  /// The bands' edges in hertz.
  let lowest: Double
  let highest: Double

  /// The weight of each frequency in each band, `(frequencies, bins)`; in single precision throughout, as Keras has it.
  func matrix(frequencies: Int) throws(ModelError) -> TensorData {
    guard let count = checkedProduct([frequencies, bins]), count < 1 << 27 else {
      throw ModelError(.unsupported("\(bins) mel bins of \(frequencies) frequencies"))
    }
    let edges = Self.evenly(from: Self.mel(Float(lowest)), to: Self.mel(Float(highest)), count: bins + 2)
    let hertz = Self.evenly(from: 0, to: Float(rate) / 2, count: frequencies)
    var weights = [Float](repeating: 0, count: count)
    // The constant part, frequency 0, belongs to no band.
    for (row, frequency) in hertz.enumerated().dropFirst() {
      let mel = Self.mel(frequency)
      for band in 0..<bins {
        let rising = (mel - edges[band]) / (edges[band + 1] - edges[band])
        let falling = (edges[band + 2] - mel) / (edges[band + 2] - edges[band + 1])
        weights[row * bins + band] = max(0, min(rising, falling))
      }
    }
    do {
      return try TensorData(shape: [frequencies, bins], floats: weights)
    } catch {
      throw ModelError(.unsupported(error.description))
    }
  }

  private static func mel(_ hertz: Float) -> Float { 1127 * log(1 + hertz / 700) }

  /// As `tf.linspace`.
  private static func evenly(from start: Float, to stop: Float, count: Int) -> [Float] {
    let step = (stop - start) / Float(max(count - 1, 1))
    return (0..<count).map { $0 > 0 && $0 == count - 1 ? stop : start + step * Float($0) }
  }
}
