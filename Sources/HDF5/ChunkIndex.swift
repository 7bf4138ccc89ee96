import KerasCore

/// A data set's chunks: their shape, and where each of them is.
struct ChunkIndex: Sendable {
  enum Kind: Sendable {
    case tree(Int)
    /// One chunk that is the whole data set; `size` bytes if it went through filters.
    case single(Int, size: Int?, mask: Int)
    /// All chunks in a row.
    case implicit(Int)
    case fixedArray(Int)
    case extensibleArray(Int)
    case records(Int)
  }

  struct Chunk: Sendable {
    /// Of its first element, in the data set.
    var origin: [Int]
    var stored: Range<Int>
    var mask: Int
  }

  private static let countLimit = 1 << 24

  /// Without the elements' own size.
  let shape: [Int]
  let elementSize: Int
  /// `nil`: no chunk was ever written.
  let kind: Kind?
  /// Chunks that reach over the data set's edge went through no filter.
  let leavesEdges: Bool

  init(_ dimensions: [Int], _ kind: Kind?, leavesEdges: Bool = false) throws(HDF5Error.Cause) {
    guard let last = dimensions.last, dimensions.allSatisfy({ $0 > 0 }), dimensions.count <= HDF5File.Limits.rank + 1
    else { throw .damaged("a chunk's shape") }
    shape = Array(dimensions.dropLast())
    elementSize = last
    self.kind = kind
    self.leavesEdges = leavesEdges
    guard checkedProduct(dimensions) != nil else { throw .tooLarge("chunks of \(dimensions)") }
  }

  var size: Int { shape.reduce(elementSize, *) }

  /// All chunks that are stored, also those outside of what is left of a data set that became smaller.
  func chunks(_ extent: StoredExtent, isFiltered: Bool, in bytes: StoredBytes) throws(HDF5Error.Cause) -> [Chunk] {
    guard extent.shape.count == shape.count else { throw .damaged("chunks of another rank than the data set") }
    guard let kind else { return [] }
    var chunks = try chunks(kind, extent, isFiltered, bytes)
    guard leavesEdges else { return chunks }
    for index in chunks.indices {
      let room = zip(extent.shape, shape).map { $0 - $1 }
      if zip(chunks[index].origin, room).contains(where: { $0 > $1 }) { chunks[index].mask = -1 }
    }
    return chunks
  }

  private func chunks(
    _ kind: Kind, _ extent: StoredExtent, _ isFiltered: Bool, _ bytes: StoredBytes
  ) throws(HDF5Error.Cause) -> [Chunk] {
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
    case .fixedArray(let place): return try fixedArray(place, extent, isFiltered, bytes)
    case .extensibleArray(let place): return try extensibleArray(place, extent, isFiltered, bytes)
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
    guard let count = checkedProduct(counts), count <= Self.countLimit else { throw .tooLarge("\(counts) chunks") }
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

  /// The chunks that the entries of an array lead to, each by its number.
  private func chunks(
    _ entries: [Int?], _ entrySize: Int, _ numbered: [(number: Int, origin: [Int])], _ isFiltered: Bool,
    _ bytes: StoredBytes
  ) throws(HDF5Error.Cause) -> [Chunk] {
    let sizeWidth = entrySize - 12
    guard isFiltered ? (1...8).contains(sizeWidth) : entrySize == 8 else { throw .damaged("a chunk index") }
    var chunks: [Chunk] = []
    for (number, origin) in numbered where number < entries.count {
      guard let entry = entries[number] else { continue }
      var cursor = try bytes.cursor(at: entry, upTo: entry + entrySize)
      guard let place = try cursor.address() else { continue }
      let stored = isFiltered ? try cursor.length(sizeWidth) : size
      chunks.append(try chunk(origin, place, stored, isFiltered ? try cursor.word() : 0, bytes))
    }
    return chunks
  }

  private func fixedArray(
    _ address: Int, _ extent: StoredExtent, _ isFiltered: Bool, _ bytes: StoredBytes
  ) throws(HDF5Error.Cause) -> [Chunk] {
    let array = try FixedArray(at: address, in: bytes)
    let grid = try grid(extent.maximum)
    guard array.entries.isEmpty || grid.count <= array.entries.count else {
      throw .damaged("a chunk index that is too short")
    }
    return try chunks(array.entries, array.entrySize, grid.enumerated().map { ($0, $1) }, isFiltered, bytes)
  }

  /// Chunks are counted along the unlimited axis first, and along the others as far as those may grow.
  private func extensibleArray(
    _ address: Int, _ extent: StoredExtent, _ isFiltered: Bool, _ bytes: StoredBytes
  ) throws(HDF5Error.Cause) -> [Chunk] {
    guard let unlimited = extent.maximum.firstIndex(of: .max) else { throw .damaged("a chunk index") }
    let counts = zip(extent.maximum, shape).map { $0 / $1 + ($0 % $1 == 0 ? 0 : 1) }
    var numbered: [(number: Int, origin: [Int])] = []
    for origin in try grid(extent.shape) {
      var number = origin[unlimited] / shape[unlimited]
      for axis in shape.indices where axis != unlimited {
        guard let larger = checkedProduct([number, counts[axis]]), larger < Int.max - counts[axis] else {
          throw .tooLarge("\(counts) chunks")
        }
        number = larger + origin[axis] / shape[axis]
      }
      numbered.append((number, origin))
    }
    let wanted = (numbered.map(\.number).max() ?? -1) + 1
    guard wanted <= Self.countLimit else { throw .tooLarge("\(wanted) chunks") }
    let array = try ExtensibleArray(at: address, wanted: wanted, in: bytes)
    return try chunks(array.entries, array.entrySize, numbered, isFiltered, bytes)
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
