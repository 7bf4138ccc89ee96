/// Bob Jenkins' lookup3 hash, which the parts of a new-format file carry over themselves (`H5_checksum_lookup3`).
enum MetadataChecksum {
  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let seed = 0xdead_beef &+ UInt32(truncatingIfNeeded: bytes.count)
    var (a, b, c) = (seed, seed, seed)
    var at = 0
    func word() -> UInt32 {
      defer { at += 4 }
      if bytes.count - at >= 4 {
        return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
      }
      var word: UInt32 = 0
      for index in stride(from: bytes.count - 1, through: at, by: -1) { word = word << 8 | UInt32(bytes[index]) }
      return word
    }
    while bytes.count - at > 12 {
      a &+= word()
      b &+= word()
      c &+= word()
      a = (a &- c) ^ rotated(c, 4)
      c &+= b
      b = (b &- a) ^ rotated(a, 6)
      a &+= c
      c = (c &- b) ^ rotated(b, 8)
      b &+= a
      a = (a &- c) ^ rotated(c, 16)
      c &+= b
      b = (b &- a) ^ rotated(a, 19)
      a &+= c
      c = (c &- b) ^ rotated(b, 4)
      b &+= a
    }
    guard at < bytes.count else { return c }
    a &+= word()
    b &+= word()
    c &+= word()
    c = (c ^ b) &- rotated(b, 14)
    a = (a ^ c) &- rotated(c, 11)
    b = (b ^ a) &- rotated(a, 25)
    c = (c ^ b) &- rotated(b, 16)
    a = (a ^ c) &- rotated(c, 4)
    b = (b ^ a) &- rotated(a, 14)
    return (c ^ b) &- rotated(b, 24)
  }

  private static func rotated(_ value: UInt32, _ count: UInt32) -> UInt32 { value << count | value >> (32 - count) }
}

extension StoredCursor {
  /// Passes the checksum that stands here over everything from `start` to it.
  mutating func checksum(from start: Int) throws(HDF5Error.Cause) {
    let end = position
    let stored = UInt32(truncatingIfNeeded: try number(4))
    guard bytes.verifiesChecksums else { return }
    guard MetadataChecksum.of(UnsafeRawBufferPointer(rebasing: bytes.bytes[start..<end])) == stored else {
      throw .damaged("the checksum at byte \(end)")
    }
  }
}
