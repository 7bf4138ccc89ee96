/// Writes a sorted string table as `SortedTable` reads it: unpacked blocks, an index of them, a footer.
struct SortedTableWriter {
  private static let blockSize = 1 << 18
  /// After so many keys one is stored whole.
  fileprivate static let restartInterval = 16

  private var bytes: [UInt8] = []
  private var block = Block()
  private var index = Block()

  private struct Block {
    var bytes: [UInt8] = []
    var restarts: [Int] = []
    var count = 0
    var last: [UInt8] = []

    mutating func add(_ key: [UInt8], _ value: [UInt8]) {
      var shared = 0
      if count % SortedTableWriter.restartInterval == 0 {
        restarts.append(bytes.count)
      } else {
        while shared < min(key.count, last.count), key[shared] == last[shared] { shared += 1 }
      }
      bytes += SortedTableWriter.varint(shared) + SortedTableWriter.varint(key.count - shared)
      bytes += SortedTableWriter.varint(value.count)
      bytes += key[shared...] + value
      (last, count) = (key, count + 1)
    }

    func finished() -> [UInt8] {
      let places = restarts.isEmpty ? [0] : restarts
      return bytes + (places + [places.count]).flatMap { SortedTableWriter.fixed(UInt64($0), 4) }
    }
  }

  /// Keys have to come in order.
  mutating func add(_ key: [UInt8], _ value: [UInt8]) {
    block.add(key, value)
    if block.bytes.count >= Self.blockSize { endBlock() }
  }

  mutating func finished() -> [UInt8] {
    if block.count > 0 || index.count == 0 { endBlock() }
    let meta = append(Block().finished())
    let places = append(index.finished())
    var footer = meta + places
    footer += [UInt8](repeating: 0, count: SortedTable.footerSize - 8 - footer.count)
    return bytes + footer + Self.fixed(SortedTable.magic, 8)
  }

  private mutating func endBlock() {
    let place = append(block.finished())
    index.add(block.last, place)
    block = Block()
  }

  /// Adds a block with its type and checksum; the result says where it is.
  private mutating func append(_ content: [UInt8]) -> [UInt8] {
    let place = Self.varint(bytes.count) + Self.varint(content.count)
    let stored = content + [0]
    bytes += stored + Self.fixed(UInt64(stored.withUnsafeBytes { MaskedChecksum.of($0) }), 4)
    return place
  }

  static func varint(_ value: Int) -> [UInt8] {
    var (rest, bytes) = (UInt64(value), [UInt8]())
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  fileprivate static func fixed(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
  }
}
