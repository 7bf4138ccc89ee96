import CKernels
import CZlib
import KerasCore

/// The CRC-32 that zip members carry.
enum Checksum {
  /// Files are read in parts that stay in a processor's cache.
  private static let partSize = 1 << 18

  static func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 { extended(0, by: bytes) }

  /// The same of a part of a file, of which nothing stays in memory.
  static func crc32(of range: Range<Int>, in contents: FileContents) throws(FileError) -> UInt32 {
    let part = UnsafeMutableRawBufferPointer.allocate(byteCount: min(partSize, range.count), alignment: 64)
    defer { part.deallocate() }
    var value: UInt32 = 0
    for start in stride(from: range.lowerBound, to: range.upperBound, by: partSize) {
      let bytes = UnsafeMutableRawBufferPointer(rebasing: part[..<min(partSize, range.upperBound - start)])
      try contents.copy(from: start, to: bytes)
      value = extended(value, by: UnsafeRawBufferPointer(bytes))
    }
    return value
  }

  /// The checksum of bytes that follow those of which `value` is the checksum; begins with 0.
  static func extended(_ value: UInt32, by bytes: UnsafeRawBufferPointer) -> UInt32 {
    var value = value
    var rest = bytes
    if let base = bytes.baseAddress {
      let folded = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 16)
      defer { folded.deallocate() }
      let taken = kk_crc32_fold(
        ~value, base.assumingMemoryBound(to: UInt8.self), bytes.count,
        folded.baseAddress?.assumingMemoryBound(to: UInt8.self))
      if taken > 0 {
        // zlib inverts the state on its way in and out.
        value = plain(~0, UnsafeRawBufferPointer(folded))
        rest = UnsafeRawBufferPointer(rebasing: bytes[taken...])
      }
    }
    return plain(value, rest)
  }

  private static func plain(_ start: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var value = UInt(start)
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
