import KerasCore

/// The file of weights beside a program: version 2 of MIL's blob storage.
///
/// A header of 64 bytes, then for each array 64 bytes that describe it and its numbers, both at multiples of 64. All
/// numbers are little-endian.
struct WeightFile {
  private static let alignment = 64
  private static let sentinel: UInt32 = 0xDEAD_BEEF

  private(set) var bytes = [UInt8](repeating: 0, count: alignment)
  private(set) var count: UInt32 = 0

  init() { writeHeader() }

  /// Appends an array of float32, float16 or int8; the result is the place that the program names.
  mutating func append(_ data: TensorData) -> Int {
    align()
    let place = bytes.count
    append(Self.sentinel)
    append(UInt32(data.dtype == .float16 ? 1 : data.dtype == .float32 ? 2 : 4))
    append(UInt64(data.bytes.count))
    append(UInt64(place + Self.alignment))
    align()
    bytes += data.bytes
    count += 1
    writeHeader()
    return place
  }

  private mutating func align() {
    let rest = bytes.count % Self.alignment
    if rest > 0 { bytes += [UInt8](repeating: 0, count: Self.alignment - rest) }
  }

  private mutating func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// The number of arrays and the version.
  private mutating func writeHeader() {
    for (index, number) in [count, 2].enumerated() {
      withUnsafeBytes(of: number.littleEndian) { bytes.replaceSubrange(index * 4..<index * 4 + 4, with: $0) }
    }
  }
}
