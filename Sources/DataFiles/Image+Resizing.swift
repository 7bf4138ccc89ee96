#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Image {
  /// How a pixel between pixels gets its value, as `tf.image.resize` names it.
  public enum Interpolation: String, Sendable, Hashable, CaseIterable {
    case bilinear
    case nearest
    case bicubic
  }

  /// The image in another size: float32 samples in C order (height, width, channels).
  ///
  /// `tf.image.resize` of TensorFlow 2 without antialiasing: half-pixel centres, samples from 0 to 255, and beyond for
  /// `bicubic` (`tensorflow/core/kernels/image/resize_*_op.cc`). The size has at least one pixel each way.
  public func resized(height newHeight: Int, width newWidth: Int, _ interpolation: Interpolation) -> [Float] {
    if newHeight == height, newWidth == width { return pixels.map { Float($0) } }
    var result = [Float](repeating: 0, count: newHeight * newWidth * channels)
    switch interpolation {
    case .nearest:
      let rows = Self.nearest(height, newHeight)
      let columns = Self.nearest(width, newWidth)
      var index = 0
      for row in rows {
        for column in columns {
          for channel in 0..<channels {
            result[index] = Float(pixels[(row * width + column) * channels + channel])
            index += 1
          }
        }
      }
    case .bilinear:
      let rows = Self.linear(height, newHeight)
      let columns = Self.linear(width, newWidth)
      var index = 0
      for y in rows {
        for x in columns {
          for channel in 0..<channels {
            let topLeft = sample(y.lower, x.lower, channel)
            let bottomLeft = sample(y.upper, x.lower, channel)
            let top = topLeft + (sample(y.lower, x.upper, channel) - topLeft) * x.share
            let bottom = bottomLeft + (sample(y.upper, x.upper, channel) - bottomLeft) * x.share
            result[index] = top + (bottom - top) * y.share
            index += 1
          }
        }
      }
    case .bicubic:
      let rows = Self.cubic(height, newHeight)
      let columns = Self.cubic(width, newWidth)
      var index = 0
      for y in rows {
        for x in columns {
          for channel in 0..<channels {
            var sum: Float = 0
            for (column, weight) in zip(x.indices, x.weights) {
              var inner: Float = 0
              for (row, share) in zip(y.indices, y.weights) { inner += sample(row, column, channel) * share }
              sum += inner * weight
            }
            result[index] = sum
            index += 1
          }
        }
      }
    }
    return result
  }

  private func sample(_ row: Int, _ column: Int, _ channel: Int) -> Float {
    Float(pixels[(row * width + column) * channels + channel])
  }

  private static func nearest(_ size: Int, _ newSize: Int) -> [Int] {
    let scale = Float(size) / Float(newSize)
    return (0..<newSize).map { min(Int(((Float($0) + 0.5) * scale).rounded(.down)), size - 1) }
  }

  private static func linear(_ size: Int, _ newSize: Int) -> [(lower: Int, upper: Int, share: Float)] {
    let scale = Float(size) / Float(newSize)
    return (0..<newSize).map { index in
      let position = (Float(index) + 0.5) * scale - 0.5
      let floor = position.rounded(.down)
      return (max(Int(floor), 0), min(Int(position.rounded(.up)), size - 1), position - floor)
    }
  }

  /// Keys' cubic with a = −½ from a table of 1024 steps; weights beyond the border are left out and the rest scaled.
  private static func cubic(_ size: Int, _ newSize: Int) -> [(indices: [Int], weights: [Float])] {
    let steps = 1024
    let scale = Float(size) / Float(newSize)
    return (0..<newSize).map { index in
      let position = (Float(index) + 0.5) * scale - 0.5
      let floor = position.rounded(.down)
      let offset = lrintf((position - floor) * Float(steps))
      let nominal = (-1...2).map { Int(floor) + $0 }
      let values = [
        outer(offset, steps), inner(offset, steps), inner(steps - offset, steps), outer(steps - offset, steps),
      ]
      var weights = zip(nominal, values).map { (0..<size).contains($0) ? $1 : 0 }
      let sum = weights[0] + weights[1] + weights[2] + weights[3]
      if abs(sum) >= 1000 * Float.leastNormalMagnitude {
        let factor = 1 / sum
        for position in weights.indices { weights[position] *= factor }
      }
      return (nominal.map { min(max($0, 0), size - 1) }, weights)
    }
  }

  private static func inner(_ step: Int, _ steps: Int) -> Float {
    let x = Float(Double(step) / Double(steps))
    return (1.5 * x - 2.5) * x * x + 1
  }

  private static func outer(_ step: Int, _ steps: Int) -> Float {
    let x = Float(Double(step) / Double(steps)) + 1
    return ((-0.5 * x + 2.5) * x - 4) * x + 2
  }
}
