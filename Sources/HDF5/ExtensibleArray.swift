/// A chunk index that grows with the one unlimited axis of a data set (section VII.D).
///
/// The first entries stand in the index block, the next ones in data blocks that it leads to, and all later ones in data
/// blocks that secondary blocks lead to. Of the blocks' sizes, every second doubles.
struct ExtensibleArray {
  let entrySize: Int
  /// Where each entry is; `nil` where none was written.
  private(set) var entries: [Int?] = []

  private let bytes: StoredBytes
  private let offsetSize: Int
  private let pageCount: Int
  private let wanted: Int

  /// The first `wanted` entries, or as many as there are.
  init(at address: Int, wanted: Int, in bytes: StoredBytes) throws(HDF5Error.Cause) {
    self.bytes = bytes
    var header = try bytes.cursor(at: address)
    try header.expect("EAHD", version: 0)
    try header.skip(1)
    entrySize = try header.byte()
    let (bits, inIndex, smallest) = (try header.byte(), try header.byte(), try header.byte())
    let (pointers, pageBits) = (try header.byte(), try header.byte())
    try header.skip(4 * 8)
    self.wanted = min(wanted, try header.length())
    try header.skip(8)
    let place = try header.address()
    try header.checksum(from: address)
    guard entrySize >= 8, (1...64).contains(bits), smallest > 0, smallest & (smallest - 1) == 0, pointers > 0,
      pointers & (pointers - 1) == 0, pageBits < 32, bits >= smallest.trailingZeroBitCount
    else { throw .damaged("a chunk index") }
    offsetSize = (bits + 7) / 8
    pageCount = 1 << pageBits
    guard let place else { return }

    var index = try bytes.cursor(at: place)
    try index.expect("EAIB", version: 0)
    try index.skip(9)
    add(try index.take(inIndex * entrySize))
    // How many rows of data blocks the index block leads to by itself.
    let direct = 2 * pointers.trailingZeroBitCount
    let rows = 1 + bits - smallest.trailingZeroBitCount
    var addresses = index
    try index.skip(8 * (2 * (pointers - 1) + max(0, rows - direct)))
    try index.checksum(from: place)
    for row in 0..<rows where entries.count < self.wanted {
      let (blocks, size) = (1 << (row / 2), smallest << ((row + 1) / 2))
      if row < direct {
        for _ in 0..<blocks { try addDataBlock(try addresses.address(), size, isWritten: nil) }
      } else {
        try addSecondaryBlock(try addresses.address(), blocks, size)
      }
    }
  }

  private mutating func add(_ content: Range<Int>) {
    for place in stride(from: content.lowerBound, to: content.upperBound, by: entrySize) where entries.count < wanted {
      entries.append(place)
    }
  }

  private mutating func addNothing(_ count: Int) {
    entries += Array(repeating: nil, count: min(count, wanted - entries.count))
  }

  private mutating func addSecondaryBlock(_ place: Int?, _ blocks: Int, _ size: Int) throws(HDF5Error.Cause) {
    guard let place else { return addNothing(blocks * size) }
    var cursor = try bytes.cursor(at: place)
    try cursor.expect("EASB", version: 0)
    try cursor.skip(9 + offsetSize)
    let pages = size > pageCount ? size / pageCount : 0
    let masks = try cursor.take(blocks * ((pages + 7) / 8))
    var addresses = cursor
    try cursor.skip(8 * blocks)
    try cursor.checksum(from: place)
    for block in 0..<blocks where entries.count < wanted {
      // There is room for whole bytes of bits for each block, but the bits follow each other without gaps.
      try addDataBlock(try addresses.address(), size) { [bytes] page in
        let bit = block * pages + page
        return bytes.bytes[masks.lowerBound + bit / 8] >> UInt8(7 - bit % 8) & 1 == 1
      }
    }
  }

  /// `isWritten` tells the pages that hold something, of a block that is large enough to have any.
  private mutating func addDataBlock(_ place: Int?, _ size: Int, isWritten: ((Int) -> Bool)?) throws(HDF5Error.Cause) {
    guard let place else { return addNothing(size) }
    guard entries.count < wanted else { return }
    var cursor = try bytes.cursor(at: place)
    try cursor.expect("EADB", version: 0)
    try cursor.skip(9 + offsetSize)
    guard size > pageCount else {
      let content = try cursor.take(size * entrySize)
      try cursor.checksum(from: place)
      return add(content)
    }
    guard let isWritten else { throw .damaged("a chunk index") }
    try cursor.checksum(from: place)
    for page in 0..<size / pageCount where entries.count < wanted {
      let content = try cursor.take(pageCount * entrySize)
      if isWritten(page) {
        try cursor.checksum(from: content.lowerBound)
        add(content)
      } else {
        try cursor.skip(4)
        addNothing(pageCount)
      }
    }
  }
}
