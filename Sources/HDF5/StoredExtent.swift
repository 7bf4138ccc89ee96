import KerasCore

/// The extent of an attribute or data set (section IV.A.2.b).
struct StoredExtent {
  /// `[]` for a scalar, `[0]` for the null space in which h5py keeps empty lists.
  let shape: [Int]
  /// What it may grow to; some indices of chunks have a place for all of that.
  let maximum: [Int]

  init(_ content: Range<Int>, in bytes: StoredBytes) throws(HDF5Error.Cause) {
    var cursor = try bytes.cursor(content)
    let (version, rank, flags) = (try cursor.byte(), try cursor.byte(), try cursor.byte())
    guard (1...2).contains(version), rank <= HDF5File.Limits.rank else { throw .damaged("a shape of \(rank) axes") }
    let kind = version == 1 ? 1 : try cursor.byte()
    if version == 1 { try cursor.skip(5) }
    guard kind != 2 else {
      (shape, maximum) = ([0], [0])
      return
    }
    var (shape, maximum): ([Int], [Int]) = ([], [])
    for _ in 0..<rank { shape.append(try cursor.length()) }
    if flags & 1 != 0 { for _ in 0..<rank { maximum.append(Int(clamping: try cursor.number(8))) } }
    guard checkedProduct(shape) != nil else { throw .tooLarge("a shape of \(shape)") }
    self.shape = shape
    self.maximum = maximum.isEmpty ? shape : maximum
  }
}
