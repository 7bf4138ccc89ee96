/// How an image is resampled along one axis.
///
/// As `tf.image.resize` (TensorFlow 2, tf.keras, Keras 3) with half pixel centres, except for `bilinearAsymmetric`.
public enum Interpolation: String, Sendable, Hashable {
  case nearest, bilinear, bicubic, area, lanczos3, lanczos5, gaussian, mitchellcubic
  /// source = target / scale: UpSampling2D of Keras 2.2.3 to 2.3.1.
  case bilinearAsymmetric = "keraskit>bilinear_asymmetric"

  /// What Keras' image layers and functions name.
  public static let all: [Interpolation] = [
    .nearest, .bilinear, .bicubic, .area, .lanczos3, .lanczos5, .gaussian, .mitchellcubic,
  ]

  /// Whether an image of the new size already stays as it is.
  public var keepsPixels: Bool { self != .gaussian && self != .mitchellcubic }

  /// A place of the old axis and its share in a place of the new one.
  public struct Tap: Sendable, Hashable {
    public var index: Int
    public var weight: Float
  }

  /// What each of `target` places takes from `source` places; both are at least 1.
  ///
  /// With `antialias` a smaller image's places take from all that they cover; `nearest` and `area` know no difference.
  public func taps(from source: Int, to target: Int, antialias: Bool = false) -> [[Tap]] {
    if let kernel = ResamplingKernel(self, antialias: antialias) {
      return kernel.taps(from: source, to: target, antialias: antialias)
    }
    // TensorFlow computes positions in single precision.
    let scale = Float(source) / Float(target)
    return (0..<target).map { place in
      func tap(_ index: Int, _ weight: Float) -> Tap { Tap(index: min(max(index, 0), source - 1), weight: weight) }
      let centre = (Float(place) + 0.5) * scale
      switch self {
      case .nearest: return [tap(Int(centre.rounded(.down)), 1)]
      case .area:
        // The mean of what the place covers (`resize_area_op.cc`).
        let (begin, end) = (Float(place) * scale, Float(place + 1) * scale)
        return (Int(begin.rounded(.down))..<max(Int(end.rounded(.up)), 1)).map { index in
          let part = min(Float(index + 1), end) - max(Float(index), begin)
          return tap(index, part / scale)
        }
      case .bicubic:
        let lower = Int((centre - 0.5).rounded(.down))
        let offset = Int(((centre - 0.5 - Float(lower)) * Self.steps).rounded(.toNearestOrEven))
        // Positions outside the image do not count; the others share their weight.
        let inside = zip(lower - 1...lower + 2, Self.cubic(offset)).filter { (0..<source).contains($0.0) }
        let sum = inside.reduce(0) { $0 + $1.1 }
        return inside.map { tap($0, abs(sum) > 1e-30 ? $1 / sum : $1) }
      default:
        let position = self == .bilinearAsymmetric ? Float(place) * scale : max(centre - 0.5, 0)
        let lower = min(Int(position), source - 1)
        let fraction = position - Float(lower)
        return [tap(lower, 1 - fraction), tap(lower + 1, fraction)]
      }
    }
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
