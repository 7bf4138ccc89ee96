import Foundation

/// A weight for each distance between an old place and a new one, as TensorFlow's `ScaleAndTranslate` has them
/// (`sampling_kernels.h`, `scale_and_translate_op.cc`).
struct ResamplingKernel: Sendable {
  private enum Shape: Sendable { case lanczos, gaussian, triangle, keys, mitchell }

  private let shape: Shape
  private let radius: Float

  /// `nil` for methods that TensorFlow does not compute by a kernel.
  init?(_ interpolation: Interpolation, antialias: Bool) {
    switch interpolation {
    case .lanczos3: (shape, radius) = (.lanczos, 3)
    case .lanczos5: (shape, radius) = (.lanczos, 5)
    case .gaussian: (shape, radius) = (.gaussian, 1.5)
    case .mitchellcubic: (shape, radius) = (.mitchell, 2)
    case .bilinear where antialias: (shape, radius) = (.triangle, 1)
    case .bicubic where antialias: (shape, radius) = (.keys, 2)
    default: return nil
    }
  }

  /// The weights of the old places within the radius, of sum 1; a wider radius for a smaller image with `antialias`.
  func taps(from source: Int, to target: Int, antialias: Bool) -> [[Interpolation.Tap]] {
    // The scale is a single precision number of its own, which is then inverted.
    let inverse = 1 / (Float(target) / Float(source))
    let width = antialias ? max(inverse, 1) : 1
    return (0..<target).map { place in
      let centre = (Float(place) + 0.5) * inverse
      let reach = radius * width
      let first = min(max(Int((centre - reach - 0.5).rounded(.up)), 0), source - 1)
      let last = min(max(Int((centre + reach - 0.5).rounded(.down)), 0), source - 1)
      guard first <= last else { return [] }
      let weights = (first...last).map { weight(abs((Float($0) + 0.5 - centre) * (1 / width))) }
      let sum = weights.reduce(0, +)
      guard abs(sum) >= 1000 * Float.leastNormalMagnitude else { return [] }
      return zip(first...last, weights).map { Interpolation.Tap(index: $0, weight: $1 * (1 / sum)) }
    }
  }

  private func weight(_ x: Float) -> Float {
    switch shape {
    case .lanczos:
      if x > radius { return 0 }
      if x <= 1e-3 { return 1 }
      return radius * sin(.pi * x) * sin(.pi * x / radius) / (.pi * .pi * x * x)
    case .gaussian:
      let deviation = radius / 3
      return x >= radius ? 0 : exp(-x * x / (2 * deviation * deviation))
    case .triangle: return max(1 - x, 0)
    case .keys:
      if x >= 2 { return 0 }
      return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1
    case .mitchell:
      if x >= 2 { return 0 }
      return x >= 1 ? ((-7 / 18 * x + 2) * x - 10 / 3) * x + 16 / 9 : (7 / 6 * x - 2) * x * x + 8 / 9
    }
  }
}
