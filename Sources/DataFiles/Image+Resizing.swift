import KerasCore

extension Image {
  /// The image in another size: float32 samples in C order (height, width, channels).
  ///
  /// Samples from 0 to 255, and beyond for `bicubic`, as `tf.image.resize` gives them. The size has at least one pixel each
  /// way.
  public func resized(height newHeight: Int, width newWidth: Int, _ interpolation: Interpolation) -> [Float] {
    if newHeight == height, newWidth == width { return pixels.map { Float($0) } }
    let rows = interpolation.taps(from: height, to: newHeight)
    let columns = interpolation.taps(from: width, to: newWidth)
    var result = [Float](repeating: 0, count: newHeight * newWidth * channels)
    var index = 0
    for row in rows {
      for column in columns {
        for channel in 0..<channels {
          var sum: Float = 0
          for y in row {
            var inner: Float = 0
            for x in column { inner += Float(pixels[(y.index * width + x.index) * channels + channel]) * x.weight }
            sum += inner * y.weight
          }
          result[index] = sum
          index += 1
        }
      }
    }
    return result
  }
}
