import KerasCore

/// A data set's chunks: their shape, and where each of them is.
struct ChunkIndex {
  enum Kind {
    case tree(Int)
    /// One chunk that is the whole data set; `size` bytes if it went through filters.
    case single(Int, size: Int?, mask: Int)
    /// All chunks in a row.
    case implicit(Int)
    case fixedArray(Int)
    case records(Int)
  }

  struct Chunk {
    /// Of its first element, in the data set.
    var origin: [Int]
    var stored: Range<Int>
    var mask: Int
  }

  /// Without the elements' own size.
  let shape: [Int]
  let elementSize: Int
  /// `nil`: no chunk was ever written.
  let kind: Kind?

  init(_ dimensions: [Int], _ kind: Kind?) throws(HDF5Error.Cause) {
    guard let last = dimensions.last, dimensions.allSatisfy({ $0 > 0 }), dimensions.count <= HDF5File.Limits.rank + 1
    else { throw .damaged("a chunk's shape") }
    shape = Array(dimensions.dropLast())
    elementSize = last
    self.kind = kind
    guard checkedProduct(dimensions) != nil else { throw .tooLarge("chunks of \(dimensions)") }
  }

  var size: Int { shape.reduce(elementSize, *) }

  /// All chunks that are stored, also those outside of what is left of a data set that became smaller.
  func chunks(_ extent: StoredExtent, isFiltered: Bool, in bytes: StoredBytes) throws(HDF5Error.Cause) -> [Chunk] {
    guard extent.shape.count == shape.count else { throw .damaged("chunks of another rank than the data set") }
    guard let kind else { return [] }
    switch kind {
    case .tree(let root): return try tree(root, bytes)
    case .single(let place, let stored, let mask):
      return [try chunk(Array(repeating: 0, count: shape.count), place, stored ?? size, mask, bytes)]
    case .implicit(let place):
      var chunks: [Chunk] = []
      for (index, origin) in try grid(extent.maximum).enumerated() {
        let (offset, overflow) = index.multipliedReportingOverflow(by: size)
        guard !overflow, offset <= bytes.count else { throw .damaged("a chunk lies outside the file") }
        chunks.append(try chunk(origin, place + offset, size, 0, bytes))
      }
      return chunks
    case .fixedArray(let place): return try fixedArray(place, extent.maximum, isFiltered, bytes)
    case .records(let place): return try records(place, isFiltered, bytes)
    }
  }

  private func chunk(
    _ origin: [Int], _ place: Int, _ size: Int, _ mask: Int, _ bytes: StoredBytes
  ) throws(HDF5Error.Cause) -> Chunk {
    guard bytes.holds(place, size) else { throw .damaged("a chunk lies outside the file") }
    return Chunk(origin: origin, stored: place..<place + size, mask: mask)
  }

  private func tree(_ root: Int, _ bytes: StoredBytes) throws(HDF5Error.Cause) -> [Chunk] {
    var chunks: [Chunk] = []
    let keySize = 8 + 8 * (shape.count + 1)
    try ChunkTree.walk(root, type: 1, keySize: keySize, bytes) { key, place throws(HDF5Error.Cause) in
      var cursor = try bytes.cursor(at: key, upTo: key + keySize)
      let (size, mask) = (try cursor.word(), try cursor.word())
      var origin: [Int] = []
      for _ in shape { origin.append(try cursor.length()) }
      chunks.append(try chunk(origin, place, size, mask, bytes))
    }
    return chunks
  }

  /// The origins of all chunks that an extent has, the last axis fastest.
  private func grid(_ extent: [Int]) throws(HDF5Error.Cause) -> [[Int]] {
    let counts = zip(extent, shape).map { $0 / $1 + ($0 % $1 == 0 ? 0 : 1) }
    guard let count = checkedProduct(counts), count <= 1 << 24 else { throw .tooLarge("\(counts) chunks") }
    return (0..<count).map { number in
      var rest = number
      var origin = [Int](repeating: 0, count: counts.count)
      for axis in counts.indices.reversed() {
        origin[axis] = rest % counts[axis] * shape[axis]
        rest /= counts[axis]
      }
      return origin
    }
  }

  /// Section VII.C: one entry for each chunk of the grid, in pages if there are many.
  private func fixedArray(
    _ address: Int, _ extent: [Int], _ isFiltered: Bool, _ bytes: StoredBytes
  ) throws(HDF5Error.Cause) -> [Chunk] {
    var header = try bytes.cursor(at: address)
    try header.expect("FAHD", version: 0)
    try header.skip(1)
    let (entrySize, pageBits) = (try header.byte(), try header.byte())
    let count = try header.length()
    guard let place = try header.address() else { return [] }
    let sizeWidth = entrySize - 12
    guard entrySize >= 8, pageBits < 32, !isFiltered || (1...8).contains(sizeWidth), count <= bytes.count else {
      throw .damaged("a chunk index")
    }
    let pageCount = 1 << pageBits
    let isPaged = count > pageCount
    var cursor = try bytes.cursor(at: place)
    try cursor.expect("FADB", version: 0)
    try cursor.skip(9)
    let pages = (count + pageCount - 1) / pageCount
    let used = isPaged ? try cursor.take((pages + 7) / 8) : 0..<0
    if isPaged { try cursor.skip(4) }
    var chunks: [Chunk] = []
    for (index, origin) in try grid(extent).enumerated() {
      guard index < count else { throw .damaged("a chunk index that is too short") }
      if isPaged, index > 0, index % pageCount == 0 { try cursor.skip(4) }
      let page = index / pageCount
      // A page that was never written holds anything.
      if isPaged, bytes.bytes[used.lowerBound + page / 8] >> UInt8(7 - page % 8) & 1 == 0 {
        try cursor.skip(entrySize)
        continue
      }
      let place = try cursor.address()
      let stored = isFiltered ? try cursor.length(sizeWidth) : size
      let mask = isFiltered ? try cursor.word() : 0
      if let place { chunks.append(try chunk(origin, place, stored, mask, bytes)) }
    }
    return chunks
  }

  /// Records of kinds 10 and 11 of the new tree.
  private func records(_ address: Int, _ isFiltered: Bool, _ bytes: StoredBytes) throws(HDF5Error.Cause) -> [Chunk] {
    let tree = try RecordTree(at: address, in: bytes)
    let sizeWidth = tree.recordSize - 12 - 8 * shape.count
    guard tree.type == (isFiltered ? 11 : 10), !isFiltered || (1...8).contains(sizeWidth) else {
      throw .damaged("a chunk index")
    }
    var chunks: [Chunk] = []
    for record in tree.records {
      var cursor = try bytes.cursor(record)
      guard let place = try cursor.address() else { continue }
      let stored = isFiltered ? try cursor.length(sizeWidth) : size
      let mask = isFiltered ? try cursor.word() : 0
      var origin: [Int] = []
      for length in shape {
        let (start, overflow) = try cursor.length().multipliedReportingOverflow(by: length)
        guard !overflow else { throw .damaged("a chunk's place") }
        origin.append(start)
      }
      chunks.append(try chunk(origin, place, stored, mask, bytes))
    }
    return chunks
  }
}
