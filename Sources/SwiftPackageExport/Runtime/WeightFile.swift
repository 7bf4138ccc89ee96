import Foundation

/// FNV-1a's steps over words of eight bytes, then over the bytes that are left.
package func weightChecksum(_ bytes: [UInt8]) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  func add(_ word: UInt64) { hash = (hash ^ word) &* 0x100_0000_01b3 }
  bytes.withUnsafeBytes { bytes in
    let whole = bytes.count / 8 * 8
    for place in stride(from: 0, to: whole, by: 8) {
      add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
    }
    for byte in bytes[whole...] { add(UInt64(byte)) }
  }
  return hash
}

/// A model's arrays as they are stored, one after the other.
struct WeightFile {
  private let bytes: [UInt8]

  /// Throws `PredictionError.weights` if the file cannot be read or is not the one that the code was written with.
  init(path: String, byteCount: Int, checksum: UInt64) throws(PredictionError) {
    guard let data = FileManager.default.contents(atPath: path) else { throw .weights("\(path) cannot be read") }
    try self.init([UInt8](data), byteCount: byteCount, checksum: checksum)
  }

  init(base64: String, byteCount: Int, checksum: UInt64) throws(PredictionError) {
    guard let data = Data(base64Encoded: base64, options: .ignoreUnknownCharacters) else {
      throw .weights("the text that holds them is damaged")
    }
    try self.init([UInt8](data), byteCount: byteCount, checksum: checksum)
  }

  private init(_ bytes: [UInt8], byteCount: Int, checksum: UInt64) throws(PredictionError) {
    guard bytes.count == byteCount else { throw .weights("\(bytes.count) bytes were found, not \(byteCount)") }
    guard weightChecksum(bytes) == checksum else { throw .weights("they are damaged or those of another model") }
    self.bytes = bytes
  }

  /// Little-endian numbers of a type, from a place on.
  private func numbers<Number: FixedWidthInteger, Result>(
    _ type: Number.Type, at offset: Int, count: Int, _ result: (Number) -> Result
  ) -> [Result] {
    bytes.withUnsafeBytes { bytes in
      (0..<count).map {
        result(Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + $0 * type.bitWidth / 8, as: type)))
      }
    }
  }

  func floats(at offset: Int, _ shape: [Int]) -> Tensor<Float> {
    Tensor(shape, numbers(UInt32.self, at: offset, count: shape.elementCount) { Float(bitPattern: $0) })
  }

  func bfloat16s(at offset: Int, _ shape: [Int]) -> Tensor<Float> {
    Tensor(shape, numbers(UInt16.self, at: offset, count: shape.elementCount) { Float(bitPattern: UInt32($0) << 16) })
  }

  func float16s(at offset: Int, _ shape: [Int]) -> Tensor<Float> {
    Tensor(shape, numbers(UInt16.self, at: offset, count: shape.elementCount) { Self.float($0) })
  }

  /// Whole numbers, each times the scale of its place in the last axis; the scales come first.
  func int8s(at offset: Int, _ shape: [Int]) -> Tensor<Float> {
    let width = shape[shape.count - 1]
    let scales = numbers(UInt32.self, at: offset, count: width) { Float(bitPattern: $0) }
    let whole = numbers(Int8.self, at: offset + 4 * width, count: shape.elementCount) { Float($0) }
    return Tensor(shape, whole.indices.map { whole[$0] * scales[$0 % width] })
  }

  func int32s(at offset: Int, _ shape: [Int]) -> Tensor<Int32> {
    Tensor(shape, numbers(Int32.self, at: offset, count: shape.elementCount) { $0 })
  }

  func bools(at offset: Int, _ shape: [Int]) -> Tensor<Bool> {
    Tensor(shape, numbers(UInt8.self, at: offset, count: shape.elementCount) { $0 != 0 })
  }

  /// The number that the bits of half precision stand for.
  private static func float(_ bits: UInt16) -> Float {
    let (exponent, fraction) = (Int(bits >> 10 & 31), Float(bits & 1023))
    let sign: Float = bits >> 15 == 0 ? 1 : -1
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1 + fraction * 0x1p-10) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }
}
