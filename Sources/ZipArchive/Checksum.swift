import CZlib
import KerasCore

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

  /// The same of bytes in a mapped file, of which no more than a part stays in memory.
  static func crc32(_ bytes: Slice<UnsafeRawBufferPointer>, releasing contents: FileContents) -> UInt32 {
    var value = CZlib.crc32(0, nil, 0)
    for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: 1 << 25) {
      let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 1 << 25, bytes.endIndex)])
      value = CZlib.crc32(value, part.bindMemory(to: UInt8.self).baseAddress, UInt32(part.count))
      if part.count == 1 << 25 { contents.releasePages() }
    }
    return UInt32(truncatingIfNeeded: value)
  }
}
