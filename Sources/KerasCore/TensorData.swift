/// A dense array in C order with its element type: what files hold and what predictions are.
///
/// Numbers are stored as their little-endian bytes; strings apart, in `strings`.
public struct TensorData: Sendable, Hashable {
  public let dtype: DType
  public let shape: [Int]
  /// Little-endian elements in C order; empty for `string`.
  public let bytes: [UInt8]
  /// The elements of a `string` tensor in C order; empty for every other type.
  public let strings: [String]

  /// Throws `TensorDataError.sizeMismatch` unless `bytes` holds exactly the elements of `shape`.
  public init(dtype: DType, shape: [Int], bytes: [UInt8]) throws(TensorDataError) {
    guard dtype != .string, let count = checkedProduct(shape),
      case let (size, overflow) = count.multipliedReportingOverflow(by: dtype.byteCount), !overflow, size == bytes.count
    else { throw .sizeMismatch(dtype: dtype, shape: shape, found: bytes.count) }
    self.dtype = dtype
    self.shape = shape
    self.bytes = bytes
    self.strings = []
  }

  public init(shape: [Int], strings: [String]) throws(TensorDataError) {
    guard checkedProduct(shape) == strings.count else {
      throw .sizeMismatch(dtype: .string, shape: shape, found: strings.count)
    }
    self.dtype = .string
    self.shape = shape
    self.bytes = []
    self.strings = strings
  }

  public init(shape: [Int], floats: [Float]) throws(TensorDataError) {
    try self.init(dtype: .float32, shape: shape, bytes: floats.withUnsafeBytes { Array($0) })
  }

  public init(shape: [Int], doubles: [Double]) throws(TensorDataError) {
    try self.init(dtype: .float64, shape: shape, bytes: doubles.withUnsafeBytes { Array($0) })
  }

  public init(shape: [Int], int32s: [Int32]) throws(TensorDataError) {
    try self.init(dtype: .int32, shape: shape, bytes: int32s.withUnsafeBytes { Array($0) })
  }

  public init(shape: [Int], int64s: [Int64]) throws(TensorDataError) {
    try self.init(dtype: .int64, shape: shape, bytes: int64s.withUnsafeBytes { Array($0) })
  }

  /// A scalar float32.
  public init(_ value: Float) {
    self.dtype = .float32
    self.shape = []
    self.bytes = withUnsafeBytes(of: value) { Array($0) }
    self.strings = []
  }

  /// A float32 tensor of one repeated value; `shape` must be a shape the caller has already checked.
  public static func filled(_ value: Float, shape: [Int]) throws(TensorDataError) -> TensorData {
    guard let count = checkedProduct(shape) else { throw .sizeMismatch(dtype: .float32, shape: shape, found: 0) }
    return try TensorData(shape: shape, floats: [Float](repeating: value, count: count))
  }

  public var elementCount: Int { dtype == .string ? strings.count : bytes.count / dtype.byteCount }

  /// Whole rows of the first axis; throws `TensorDataError.sizeMismatch` for a range that does not lie within it.
  public func rows(_ range: Range<Int>) throws(TensorDataError) -> TensorData {
    guard let count = shape.first, range.lowerBound >= 0, range.upperBound <= count else {
      throw .sizeMismatch(dtype: dtype, shape: shape, found: range.upperBound)
    }
    let rest = Array(shape.dropFirst())
    let width = count > 0 ? elementCount / count : 0
    if dtype == .string {
      let cut = Array(strings[range.lowerBound * width..<range.upperBound * width])
      return try TensorData(shape: [range.count] + rest, strings: cut)
    }
    let size = width * dtype.byteCount
    let cut = Array(bytes[range.lowerBound * size..<range.upperBound * size])
    return try TensorData(dtype: dtype, shape: [range.count] + rest, bytes: cut)
  }

  /// The same elements in another shape of equal size.
  public func reshaped(_ newShape: [Int]) throws(TensorDataError) -> TensorData {
    dtype == .string
      ? try TensorData(shape: newShape, strings: strings)
      : try TensorData(dtype: dtype, shape: newShape, bytes: bytes)
  }
}

/// What can be wrong with an array's description.
public enum TensorDataError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The bytes do not fill the shape exactly.
  case sizeMismatch(dtype: DType, shape: [Int], found: Int)
  /// The elements are strings where numbers are needed, or the other way round.
  case notNumeric(shape: [Int])
  case numeric(shape: [Int])
  /// A number, as text, that the integers it is needed as do not have.
  case integerOutOfRange(String)

  public var description: String {
    switch self {
    case .sizeMismatch(let dtype, let shape, let found):
      "an array of \(dtype.rawValue) with shape \(Shape(shape)) cannot hold \(found) bytes or elements"
    case .integerOutOfRange(let number): "the number \(number) is beyond the integers"
    case .numeric(let shape): "an array of numbers with shape \(Shape(shape)) was given where strings are needed"
    case .notNumeric(let shape): "an array of strings with shape \(Shape(shape)) was given where numbers are needed"
    }
  }
}
