import KerasCore
import KerasGraph

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The short-time Fourier transform with centred frames: `keras.ops.stft` on TensorFlow.
struct FramedFourier: Sendable {
  /// How the samples of a frame are weighted.
  enum Window: Sendable {
    case none, hann, hamming
    case values([Double])

    init(_ json: JSON, _ config: inout ConfigReader) throws(ModelError) {
      switch json {
      case "hann": self = .hann
      case "hamming": self = .hamming
      case .null where config.has("window"): self = .none
      case .null: self = .hann
      default:
        let list = (json["config"]?["value"] ?? json).arrayValue
        guard let numbers = list?.compactMap(\.doubleValue), numbers.count == list?.count else {
          throw config.wrong("window", "hann, hamming, null or a list of numbers", json)
        }
        self = .values(numbers)
      }
    }
  }

  /// Samples of a transform; a shorter frame lies in its middle.
  let length: Int
  let frame: Int
  let stride: Int
  let window: Window
  /// Whether the signal is continued by its mirror image, so that frames lie around their places.
  var reflects = true
  /// Whether a frame shorter than the transform lies in its middle (Keras) or at its beginning (TensorFlow).
  var isCentred = true

  var frequencyCount: Int { length / 2 + 1 }

  /// Real and imaginary parts `(signals, time, frequencies)` of signals `(signals, samples, 1)`.
  func spectrum(
    _ signal: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> (real: Value, imaginary: Value) {
    let matrix = context.constant(try kernel())
    let convolution = Convolution(strides: [stride], padding: .valid(1), dilations: [1])
    let both = try context.op(.convolution(convolution), reflected(signal, &context), matrix)
    return (
      try context.sliced(both, axis: 2, from: 0, to: frequencyCount),
      try context.sliced(both, axis: 2, from: frequencyCount, to: nil)
    )
  }

  /// The signal with half a transform's length of its mirror image before and after.
  private func reflected(_ signal: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let margin = length / 2
    guard margin > 0, reflects else { return signal }
    if let samples = context.shape(signal)[1], samples <= margin {
      throw ModelError(.inputShape(expected: "more than \(margin) samples to reflect", found: context.shape(signal)))
    }
    let head = try context.sliced(signal, axis: 1, from: 1, to: margin + 1)
    let tail = try context.sliced(signal, axis: 1, from: -margin - 1, to: -1)
    let (before, after) = (try context.op(.reverse(axes: [1]), head), try context.op(.reverse(axes: [1]), tail))
    return try context.ops(.concatenate(axis: 1), [before, signal, after])[0]
  }

  /// The weighted Fourier matrix `(samples, 1, 2·frequencies)`: cosines, then negative sines.
  private func kernel() throws(ModelError) -> TensorData {
    let columns = 2 * frequencyCount
    // Zeros behind a frame need no samples.
    let rows = isCentred ? length : frame
    guard let count = checkedProduct([rows, columns]), count < 1 << 27 else {
      throw ModelError(.unsupported("a Fourier transform of \(length) samples"))
    }
    let weights = try padded()
    let turn = 2 * Double.pi / Double(length)
    let circle = (0..<length).map { (cosine: cos(turn * Double($0)), sine: sin(turn * Double($0))) }
    var elements = [Float](repeating: 0, count: count)
    for row in 0..<rows where weights[row] != 0 {
      for frequency in 0..<frequencyCount {
        let point = circle[row * frequency % length]
        elements[row * columns + frequency] = Float(weights[row] * point.cosine)
        elements[row * columns + frequencyCount + frequency] = Float(-weights[row] * point.sine)
      }
    }
    do {
      return try TensorData(shape: [rows, 1, columns], floats: elements)
    } catch {
      throw ModelError(.unsupported(error.description))
    }
  }

  /// The window in the middle of the transform; no window weights all samples alike.
  private func padded() throws(ModelError) -> [Double] {
    let values: [Double]
    switch window {
    case .none where isCentred: return [Double](repeating: 1, count: length)
    case .none: values = [Double](repeating: 1, count: frame)
    case .hann: values = cosineWindow(0.5)
    case .hamming: values = cosineWindow(0.54)
    case .values(let list):
      guard list.count == frame else {
        throw ModelError(
          .invalidField("window", expected: "\(frame) numbers, one for each sample", found: JSON(list.count)))
      }
      values = list
    }
    let before = isCentred ? (length - frame) / 2 : 0
    return [Double](repeating: 0, count: before) + values
      + [Double](repeating: 0, count: length - frame - before)
  }

  /// a − (1 − a)·cos(2πn / N); as in TensorFlow N is one less for odd lengths.
  private func cosineWindow(_ a: Double) -> [Double] {
    if frame == 1 { return [1] }
    let period = Double(frame % 2 == 0 ? frame : frame - 1)
    return (0..<frame).map { a - (1 - a) * cos(2 * .pi * Double($0) / period) }
  }
}
