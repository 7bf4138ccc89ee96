import KerasCore

/// An array as 8-bit integers with one scale for each entry of the last axis: symmetric, in -127...127.
public struct QuantizedArray: Sendable, Hashable {
  public let shape: [Int]
  /// In C order.
  public let values: [Int8]
  /// One for each entry of the last axis; a column of zeros has the scale 1.
  public let scales: [Float]

  /// Throws `TensorDataError` if the array has no axis or holds no numbers.
  public init(_ array: TensorData) throws(TensorDataError) {
    guard let width = array.shape.last, width > 0 else {
      throw .sizeMismatch(dtype: array.dtype, shape: array.shape, found: 0)
    }
    let numbers = try array.floats()
    var largest = [Float](repeating: 0, count: width)
    for (index, number) in numbers.enumerated() where number.isFinite {
      largest[index % width] = max(largest[index % width], number.magnitude)
    }
    let scales = largest.map { $0 > 0 ? max($0 / 127, .leastNormalMagnitude) : 1 }
    shape = array.shape
    values = numbers.enumerated().map { index, number in
      Int8(clamping: Int((number.isFinite ? number / scales[index % width] : 0).rounded(.toNearestOrEven)))
    }
    self.scales = scales
  }

  /// The numbers that a reader makes of it: float32.
  public func dequantized() throws(TensorDataError) -> TensorData {
    let width = max(scales.count, 1)
    return try TensorData(
      shape: shape, floats: values.enumerated().map { index, value in Float(value) * scales[index % width] })
  }
}

extension ExportOptions.WeightFormat {
  /// Whether an array is stored in this format: of floats, and for integers of two or more axes.
  public func applies(to array: TensorData) -> Bool {
    guard array.dtype.isFloatingPoint else { return false }
    return self == .int8 ? array.shape.count >= 2 && array.elementCount > 0 : true
  }

  /// The array as a reader has it after it was stored in this format, in float32; as it is where that does not apply.
  public func rounded(_ array: TensorData) throws(TensorDataError) -> TensorData {
    guard applies(to: array), self != .float32 else { return array }
    switch self {
    case .float32: return array
    case .float16: return try array.converted(to: .float16).converted(to: .float32)
    case .bfloat16: return try array.converted(to: .bfloat16).converted(to: .float32)
    case .int8: return try QuantizedArray(array).dequantized()
    }
  }
}
