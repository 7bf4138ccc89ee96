import KerasCore
import KerasGraph

/// How an image is resampled along one axis, as a matrix of weights of the old positions.
///
/// Half pixel centres as in `tf.image.resize` (tf.keras, Keras 3), except for `bilinearAsymmetric`.
enum Interpolation: String, Sendable {
  case nearest, bilinear, bicubic
  /// source = target / scale: UpSampling2D of Keras 2.2.3 to 2.3.1.
  case bilinearAsymmetric = "keraskit>bilinear_asymmetric"

  /// `(target, source)` weights, row by row.
  func weights(from source: Int, to target: Int) -> [Float] {
    var weights = [Float](repeating: 0, count: source * target)
    // TensorFlow computes positions in single precision.
    let scale = Float(source) / Float(target)
    for row in 0..<target {
      func add(_ weight: Float, at index: Int) { weights[row * source + min(max(index, 0), source - 1)] += weight }
      let centre = (Float(row) + 0.5) * scale
      switch self {
      case .nearest: add(1, at: Int(centre.rounded(.down)))
      case .bilinear, .bilinearAsymmetric:
        let position = self == .bilinear ? max(centre - 0.5, 0) : Float(row) * scale
        let lower = min(Int(position), source - 1)
        let fraction = position - Float(lower)
        add(1 - fraction, at: lower)
        add(fraction, at: lower + 1)
      case .bicubic:
        let lower = Int((centre - 0.5).rounded(.down))
        let offset = Int(((centre - 0.5 - Float(lower)) * Self.steps).rounded(.toNearestOrEven))
        for (index, weight) in Self.cubic(offset).enumerated() {
          // Positions outside the image do not count; the others share their weight.
          let place = lower - 1 + index
          if place >= 0, place < source { add(weight, at: place) }
        }
        let range = row * source..<(row + 1) * source
        let sum = weights[range].reduce(0, +)
        if abs(sum) > 1e-30 { for index in range { weights[index] /= sum } }
      }
    }
    return weights
  }

  /// TensorFlow looks its cubic weights up in a table of that many steps.
  private static let steps: Float = 1024

  /// The weights of the four neighbours, Keys' kernel with a = −0.5.
  private static func cubic(_ offset: Int) -> [Float] {
    let a: Float = -0.5
    func near(_ step: Int) -> Float {
      let x = Float(step) / steps
      return ((a + 2) * x - (a + 3)) * x * x + 1
    }
    func far(_ step: Int) -> Float {
      let x = Float(step) / steps + 1
      return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    }
    let rest = Int(steps) - offset
    return [far(offset), near(offset), near(rest), far(rest)]
  }
}

extension LoweringContext {
  /// A channels-last image `(batch, rows, columns, channels)` resampled along axis 1 or 2, whose size must be known.
  mutating func resampled(
    _ x: Value, axis: Int, to target: Int, _ interpolation: Interpolation
  ) throws(ModelError) -> Value {
    let source = try shape(x).known(axis: axis)
    guard source > 0, target > 0, let elements = checkedProduct([source, target]), elements < 1 << 28 else {
      throw ModelError(.inputShape(expected: "a smaller image to interpolate", found: shape(x)))
    }
    let data: TensorData
    do {
      data = try TensorData(shape: [target, source], floats: interpolation.weights(from: source, to: target))
    } catch {
      throw ModelError(.unsupported(error.description))
    }
    let matrix = constant(data)
    if axis == 2 { return try op(.matmul(transposeA: false, transposeB: false), matrix, x) }
    let sizes = dimensions(of: x)
    let flat = try op(.reshape([sizes[0], sizes[1], .inferred]), x)
    let product = try op(.matmul(transposeA: false, transposeB: false), matrix, flat)
    let rest = dimensions(of: x, operand: 1)
    return try op(.reshape([.ofOperand(0, axis: 0), .fixed(target), rest[2], rest[3]]), product, x)
  }
}

extension ConfigReader {
  mutating func interpolation(
    _ known: [Interpolation], default standard: Interpolation
  ) throws(ModelError) -> Interpolation {
    let text = try choice("interpolation", known.map(\.rawValue), default: standard.rawValue)
    return Interpolation(rawValue: text) ?? standard
  }
}
