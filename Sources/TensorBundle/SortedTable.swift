/// The sorted string table of LevelDB in which TensorFlow keeps a checkpoint's index.
struct SortedTable {
  static let footerSize = 48
  static let magic: UInt64 = 0xdb47_7524_8b80_fb57
  /// Type byte and checksum behind each block.
  private static let trailerSize = 5
  /// An unpacked block's largest size; TensorFlow's hold 256 kB.
  private static let blockLimit = 256 << 20

  /// In the order of keys.
  private(set) var entries: [(key: [UInt8], value: ArraySlice<UInt8>)] = []

  init(_ bytes: [UInt8], name: String) throws(TensorBundleError) {
    guard bytes.count >= Self.footerSize else { throw TensorBundleError(name, .damaged("it is too short")) }
    var footer = ByteCursor(bytes.suffix(Self.footerSize))
    var last = ByteCursor(bytes.suffix(8))
    guard last.fixed(8) == Self.magic else {
      throw TensorBundleError(name, .damaged("it is no checkpoint index: its last bytes are others"))
    }
    guard footer.varint() != nil, footer.varint() != nil, let offset = footer.varint(), let size = footer.varint()
    else { throw TensorBundleError(name, .damaged("its footer")) }
    var unpacked = 0
    for (_, handle) in try Self.block(bytes, offset, size, name, &unpacked) {
      var cursor = ByteCursor(handle)
      guard let offset = cursor.varint(), let size = cursor.varint() else {
        throw TensorBundleError(name, .damaged("the place of a block"))
      }
      for (key, value) in try Self.block(bytes, offset, size, name, &unpacked) {
        entries.append((key, value))
      }
    }
  }

  private static func block(
    _ bytes: [UInt8], _ offset: Int, _ size: Int, _ name: String, _ unpacked: inout Int
  ) throws(TensorBundleError) -> [(key: [UInt8], value: ArraySlice<UInt8>)] {
    guard offset <= bytes.count, size <= bytes.count - offset - trailerSize else {
      throw TensorBundleError(name, .damaged("a block lies outside"))
    }
    let stored = bytes[offset..<offset + size]
    var trailer = ByteCursor(bytes[(offset + size)..<(offset + size + trailerSize)])
    guard let kind = trailer.fixed(1), let checksum = trailer.fixed(4),
      bytes.withUnsafeBytes({ MaskedChecksum.of(.init(rebasing: $0[offset...offset + size])) }) == UInt32(checksum)
    else { throw TensorBundleError(name, .damaged("the checksum of the block at byte \(offset)")) }
    let content: ArraySlice<UInt8>
    switch kind {
    case 0: content = stored
    case 1:
      guard let decoded = Snappy.decode(stored, limit: blockLimit) else {
        throw TensorBundleError(name, .damaged("the packed block at byte \(offset)"))
      }
      content = decoded[...]
    default: throw TensorBundleError(name, .unsupported("blocks packed by method \(kind)"))
    }
    unpacked += content.count
    guard unpacked <= blockLimit else { throw TensorBundleError(name, .tooLarge("blocks of \(unpacked) bytes")) }
    guard let pairs = pairs(content) else {
      throw TensorBundleError(name, .damaged("the block at byte \(offset)"))
    }
    return pairs
  }

  /// Each key shares its first bytes with the one before; behind the pairs stand the places where sharing restarts.
  private static func pairs(_ block: ArraySlice<UInt8>) -> [(key: [UInt8], value: ArraySlice<UInt8>)]? {
    guard block.count >= 4 else { return nil }
    var tail = ByteCursor(block.suffix(4))
    guard let restarts = tail.fixed(4), Int(restarts) <= (block.count - 4) / 4 else { return nil }
    var cursor = ByteCursor(block.dropLast(4 + 4 * Int(restarts)))
    var key: [UInt8] = []
    var keyBytes = 0
    var pairs: [(key: [UInt8], value: ArraySlice<UInt8>)] = []
    while !cursor.isAtEnd {
      guard let shared = cursor.varint(), let length = cursor.varint(), let valueLength = cursor.varint(),
        shared <= key.count, let rest = cursor.take(length), let value = cursor.take(valueLength)
      else { return nil }
      key.removeLast(key.count - shared)
      key += rest
      // Shared prefixes could make a small block into endless keys.
      keyBytes += key.count
      guard keyBytes <= blockLimit else { return nil }
      pairs.append((key, value))
    }
    return pairs
  }
}
