/// Reads numbers from bytes front to back; every read is checked.
struct ByteCursor {
  let bytes: ArraySlice<UInt8>
  private(set) var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var isAtEnd: Bool { position >= bytes.endIndex }

  /// A little-endian base-128 number, or `nil` if it ends early, has over 64 bits or is more than an `Int` holds.
  mutating func varint() -> Int? { wideVarint().flatMap { Int(exactly: $0) } }

  /// The same of all 64 bits, in which negative numbers are stored too.
  mutating func wideVarint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard position < bytes.endIndex else { return nil }
      let byte = bytes[position]
      position += 1
      guard shift < 63 || byte <= 1 else { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  /// A little-endian number of `count` (at most 8) bytes.
  mutating func fixed(_ count: Int) -> UInt64? {
    guard let taken = take(count) else { return nil }
    return taken.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, count <= bytes.endIndex - position else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }
}
