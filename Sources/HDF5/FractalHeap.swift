/// The heap in which a new-format object keeps many links or attributes (section III.G).
struct FractalHeap {
  private let bytes: StoredBytes
  private let offsetSize: Int
  private let lengthSize: Int
  private let width: Int
  private let startSize: Int
  private let directLimit: Int
  private let root: Int?
  private let rootRows: Int
  private let hasChecksums: Bool
  private let hugeIndex: Int?
  /// Blocks whose checksums were right.
  private var checked: Set<Int> = []

  init(at address: Int, in bytes: StoredBytes) throws(HDF5Error.Cause) {
    self.bytes = bytes
    var cursor = try bytes.cursor(at: address)
    try cursor.expect("FRHP", version: 0)
    try cursor.skip(2)
    guard try cursor.short() == 0 else { throw .unsupported("a compressed heap") }
    hasChecksums = try cursor.byte() & 2 != 0
    let objectLimit = try cursor.word()
    try cursor.skip(8)
    hugeIndex = try cursor.address()
    try cursor.skip(8 + 8 + 4 * 8 + 4 * 8)
    width = try cursor.short()
    startSize = try cursor.length()
    directLimit = try cursor.length()
    let bits = try cursor.short()
    try cursor.skip(2)
    root = try cursor.address()
    rootRows = try cursor.short()
    try cursor.checksum(from: address)
    guard (1...1024).contains(width), startSize > 0, startSize & (startSize - 1) == 0, directLimit >= startSize,
      directLimit & (directLimit - 1) == 0, directLimit <= 1 << 40, (1...64).contains(bits)
    else { throw .damaged("a heap's header") }
    offsetSize = (bits + 7) / 8
    lengthSize = min(RecordTree.encodedSize(directLimit), RecordTree.encodedSize(objectLimit))
  }

  /// Where the object lies whose identifier is stored at `id`.
  mutating func object(_ id: Range<Int>) throws(HDF5Error.Cause) -> Range<Int> {
    var cursor = try bytes.cursor(id)
    let kind = try cursor.byte()
    switch kind >> 4 & 3 {
    case 0:
      let offset = try cursor.length(offsetSize)
      return try managed(offset, try cursor.length(lengthSize))
    case 1: return try huge(try cursor.number(min(8, id.count - 1)))
    case 2: return try cursor.take(kind & 15 + 1)
    default: throw .damaged("an object's place in a heap")
    }
  }

  /// An object too large for the blocks, found by its number.
  private func huge(_ number: UInt64) throws(HDF5Error.Cause) -> Range<Int> {
    guard let hugeIndex else { throw .damaged("a heap without large objects") }
    let tree = try RecordTree(at: hugeIndex, in: bytes)
    guard tree.type == 1 else { throw .unsupported("a heap's index of kind \(tree.type)") }
    for record in tree.records {
      var cursor = try bytes.cursor(record)
      let (place, length) = (try cursor.place(), try cursor.length())
      guard try cursor.number(8) == number else { continue }
      var object = try bytes.cursor(at: place)
      return try object.take(length)
    }
    throw .damaged("a large object of a heap is missing")
  }

  /// A block's own checksum was computed with zeros in its place.
  private func checkBlock(_ block: Range<Int>) throws(HDF5Error.Cause) {
    guard bytes.verifiesChecksums else { return }
    var cursor = try bytes.cursor(block)
    try cursor.expect("FHDB", version: 0)
    try cursor.skip(8 + offsetSize)
    let place = try cursor.take(4)
    let stored = place.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(bytes.bytes[$1]) }
    var content = try bytes.copy(block)
    for index in place { content[index - block.lowerBound] = 0 }
    guard content.withUnsafeBytes({ MetadataChecksum.of($0) }) == stored else {
      throw .damaged("the checksum of a heap's block at byte \(block.lowerBound)")
    }
  }

  /// The blocks double from row to row; those above `directLimit` hold blocks themselves.
  private mutating func managed(_ offset: Int, _ length: Int) throws(HDF5Error.Cause) -> Range<Int> {
    guard var block = root else { throw .damaged("an empty heap") }
    var rows = rootRows
    var blockStart = 0
    var size = startSize
    for _ in 0..<64 {
      if rows == 0 {
        guard offset >= blockStart, offset - blockStart < size, length <= size - (offset - blockStart) else {
          throw .damaged("an object lies outside its heap")
        }
        var cursor = try bytes.cursor(at: block)
        let whole = try cursor.take(size)
        if hasChecksums, checked.insert(block).inserted { try checkBlock(whole) }
        return whole.lowerBound + offset - blockStart..<whole.lowerBound + offset - blockStart + length
      }
      var cursor = try bytes.cursor(at: block)
      try cursor.expect("FHIB", version: 0)
      try cursor.skip(8 + offsetSize)
      if checked.insert(block).inserted {
        var rest = cursor
        try rest.skip(8 * width * rows)
        try rest.checksum(from: block)
      }
      var (row, rowStart) = (0, blockStart)
      size = startSize
      while true {
        guard row < rows, row < 64, size <= 1 << 40 else { throw .damaged("an object lies outside its heap") }
        if offset - rowStart < size * width { break }
        try cursor.skip(8 * width)
        rowStart += size * width
        row += 1
        if row > 1 { size *= 2 }
      }
      guard offset >= rowStart else { throw .damaged("an object lies outside its heap") }
      let column = (offset - rowStart) / size
      try cursor.skip(8 * column)
      block = try cursor.place()
      blockStart = rowStart + column * size
      rows = size <= directLimit ? 0 : size.trailingZeroBitCount - (startSize * width).trailingZeroBitCount + 1
      guard size <= directLimit || rows > 0 else { throw .damaged("a heap's rows") }
    }
    throw .damaged("a heap nested too deep")
  }
}
