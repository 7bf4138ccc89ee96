import CZlib

/// The CRC-32 that zip members carry.
enum Checksum {
  static func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var value = CZlib.crc32(0, nil, 0)
    var rest = bytes
    // zlib counts in 32 bits.
    while let base = rest.baseAddress, !rest.isEmpty {
      let count = min(rest.count, 1 << 30)
      value = CZlib.crc32(value, base.assumingMemoryBound(to: UInt8.self), UInt32(count))
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return UInt32(truncatingIfNeeded: value)
  }
}
