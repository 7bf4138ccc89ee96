import Foundation

/// A folder of numpy's `.npy` files: little-endian numbers in C order.
struct NumpyFolder {
  struct Failure: Error, CustomStringConvertible { var description: String }

  let path: String

  func floats(_ name: String) throws -> (shape: [Int], values: [Float]) { try array(name) { Float($0) } }

  func int32s(_ name: String) throws -> (shape: [Int], values: [Int32]) {
    try array(name) { Int32(exactly: $0.rounded(.towardZero)) ?? 0 }
  }

  func bools(_ name: String) throws -> (shape: [Int], values: [Bool]) { try array(name) { $0 != 0 } }

  private func array<Number>(_ name: String, _ number: (Double) -> Number) throws -> (shape: [Int], values: [Number]) {
    let file = "\(path)/\(name).npy"
    guard let data = FileManager.default.contents(atPath: file) else { throw Failure(description: "no file \(file)") }
    let bytes = [UInt8](data)
    guard bytes.count > 12, bytes.starts(with: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]) else {
      throw Failure(description: "\(file) is no .npy file")
    }
    let isShort = bytes[6] == 1
    let length = (isShort ? [9, 8] : [11, 10, 9, 8]).reduce(0) { $0 << 8 | Int(bytes[$1]) }
    let start = (isShort ? 10 : 12) + length
    guard start <= bytes.count else { throw Failure(description: "\(file) ends within its header") }
    let header = String(decoding: bytes[(isShort ? 10 : 12)..<start], as: UTF8.self)
    guard !header.contains("'fortran_order': True") else {
      throw Failure(description: "\(file) is in Fortran order: numpy.ascontiguousarray changes that")
    }
    let shape = Self.field("'shape': (", ")", in: header).split(separator: ",").compactMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    let kind = Self.field("'descr': '", "'", in: header)
    let body = Array(bytes[start...])
    let numbers: [Double]
    switch kind {
    case "<f4": numbers = Self.numbers(body, UInt32.self) { Double(Float(bitPattern: $0)) }
    case "<f8": numbers = Self.numbers(body, UInt64.self) { Double(bitPattern: $0) }
    case "<i4": numbers = Self.numbers(body, Int32.self) { Double($0) }
    case "<i8": numbers = Self.numbers(body, Int64.self) { Double($0) }
    case "|u1", "|b1": numbers = body.map { Double($0) }
    default: throw Failure(description: "\(file) has elements of the type \(kind); use float32 or int32")
    }
    return (shape, numbers.map(number))
  }

  private static func field(_ start: String, _ end: String, in header: String) -> String {
    guard let from = header.range(of: start)?.upperBound, let to = header.range(of: end, range: from..<header.endIndex)
    else { return "" }
    return String(header[from..<to.lowerBound])
  }

  private static func numbers<Stored: FixedWidthInteger>(
    _ bytes: [UInt8], _ type: Stored.Type, _ number: (Stored) -> Double
  ) -> [Double] {
    let size = type.bitWidth / 8
    return bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / size).map {
        number(Stored(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * size, as: type)))
      }
    }
  }

  func write(_ name: String, _ shape: [Int], _ values: [Float]) throws {
    try write(name, shape, "<f4", values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } })
  }

  func write(_ name: String, _ shape: [Int], _ values: [Int32]) throws {
    try write(name, shape, "<i4", values.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } })
  }

  func write(_ name: String, _ shape: [Int], _ values: [Bool]) throws {
    try write(name, shape, "|b1", values.map { $0 ? 1 : 0 })
  }

  private func write(_ name: String, _ shape: [Int], _ kind: String, _ bytes: [UInt8]) throws {
    let sizes = shape.map { "\($0)," }.joined(separator: " ")
    var header = "{'descr': '\(kind)', 'fortran_order': False, 'shape': (\(sizes)), }"
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    let length = header.utf8.count
    var file: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, UInt8(length & 255), UInt8(length >> 8)]
    file += Array(header.utf8) + bytes
    try Data(file).write(to: URL(fileURLWithPath: "\(path)/\(name).npy"))
  }
}
