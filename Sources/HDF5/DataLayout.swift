/// Where a data set's elements are (section IV.A.2.i, versions 1 to 5).
enum DataLayout: Sendable {
  case compact(Range<Int>)
  /// `nil`: nothing was ever written.
  case contiguous(Int?, size: Int)
  case chunked(ChunkIndex)
  /// Parts of other data sets, listed in an object of the heap.
  case virtual(heap: Int?, index: Int)

  init(_ content: Range<Int>, in bytes: StoredBytes) throws(HDF5Error.Cause) {
    var cursor = try bytes.cursor(content)
    let version = try cursor.byte()
    switch version {
    case 1, 2:
      let rank = try cursor.byte()
      let kind = try cursor.byte()
      try cursor.skip(5)
      let place = kind == 0 ? nil : try cursor.address()
      var dimensions: [Int] = []
      for _ in 0..<rank { dimensions.append(try cursor.word()) }
      switch kind {
      case 0:
        let size = try cursor.word()
        self = .compact(try cursor.take(size))
      case 1: self = .contiguous(place, size: .max)
      case 2: self = .chunked(try ChunkIndex(dimensions, place.map { .tree($0) }))
      default: throw .damaged("a layout of kind \(kind)")
      }
    case 3...5:
      switch try cursor.byte() {
      case 0:
        let size = try cursor.short()
        self = .compact(try cursor.take(size))
      case 1:
        let place = try cursor.address()
        self = .contiguous(place, size: try cursor.length())
      case 2:
        self = .chunked(try version == 3 ? Self.oldChunks(&cursor) : Self.newChunks(&cursor))
      case 3: self = .virtual(heap: try cursor.address(), index: try cursor.word())
      case let kind: throw .damaged("a layout of kind \(kind)")
      }
    default: throw .unsupported("a layout of version \(version)")
    }
  }

  private static func oldChunks(_ cursor: inout StoredCursor) throws(HDF5Error.Cause) -> ChunkIndex {
    let rank = try cursor.byte()
    let place = try cursor.address()
    var dimensions: [Int] = []
    for _ in 0..<rank { dimensions.append(try cursor.word()) }
    return try ChunkIndex(dimensions, place.map { .tree($0) })
  }

  private static func newChunks(_ cursor: inout StoredCursor) throws(HDF5Error.Cause) -> ChunkIndex {
    let (flags, rank, width) = (try cursor.byte(), try cursor.byte(), try cursor.byte())
    guard (1...8).contains(width) else { throw .damaged("a chunk's shape") }
    var dimensions: [Int] = []
    for _ in 0..<rank { dimensions.append(try cursor.length(width)) }
    let leavesEdges = flags & 1 != 0
    switch try cursor.byte() {
    case 1:
      var (size, mask): (Int?, Int) = (nil, 0)
      if flags & 2 != 0 { (size, mask) = (try cursor.length(), try cursor.word()) }
      let kind = try cursor.address().map { ChunkIndex.Kind.single($0, size: size, mask: mask) }
      return try ChunkIndex(dimensions, kind, leavesEdges: leavesEdges)
    case 2:
      return try ChunkIndex(dimensions, try cursor.address().map { .implicit($0) }, leavesEdges: leavesEdges)
    case 3:
      try cursor.skip(1)
      return try ChunkIndex(dimensions, try cursor.address().map { .fixedArray($0) }, leavesEdges: leavesEdges)
    case 4:
      try cursor.skip(5)
      return try ChunkIndex(dimensions, try cursor.address().map { .extensibleArray($0) }, leavesEdges: leavesEdges)
    case 5:
      try cursor.skip(6)
      return try ChunkIndex(dimensions, try cursor.address().map { .records($0) }, leavesEdges: leavesEdges)
    case let kind: throw .damaged("a chunk index of kind \(kind)")
    }
  }
}
