/// Little-endian numbers out of bytes, each access checked.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  var position: Int
  /// One past the last byte that may be read.
  let end: Int

  /// `nil` if `start..<start + count` is not within `bytes`.
  init?(_ bytes: UnsafeRawBufferPointer, at start: Int, count: Int) {
    guard start >= 0, count >= 0, start <= bytes.count, count <= bytes.count - start else { return nil }
    self.bytes = bytes
    position = start
    end = start + count
  }

  mutating func uint16() -> UInt16? { load() }
  mutating func uint32() -> UInt32? { load() }
  mutating func uint64() -> UInt64? { load() }

  mutating func skip(_ count: Int) -> Bool {
    guard count >= 0, count <= end - position else { return false }
    position += count
    return true
  }

  mutating func text(_ count: Int) -> String? {
    let start = position
    guard skip(count) else { return nil }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func load<Number: FixedWidthInteger & BitwiseCopyable>() -> Number? {
    let start = position
    guard skip(MemoryLayout<Number>.size) else { return nil }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: Number.self))
  }
}
