/// A chunk index with a place for each chunk that a data set may ever have (section VII.C).
struct FixedArray {
  let entrySize: Int
  /// Where each entry is; `nil` in pages that were never written.
  private(set) var entries: [Int?] = []

  init(at address: Int, in bytes: StoredBytes) throws(HDF5Error.Cause) {
    var header = try bytes.cursor(at: address)
    try header.expect("FAHD", version: 0)
    try header.skip(1)
    entrySize = try header.byte()
    let pageBits = try header.byte()
    let count = try header.length()
    let place = try header.address()
    try header.checksum(from: address)
    guard entrySize >= 8, pageBits < 32, count <= bytes.count / entrySize else { throw .damaged("a chunk index") }
    guard let place else { return }
    var cursor = try bytes.cursor(at: place)
    try cursor.expect("FADB", version: 0)
    try cursor.skip(9)
    let pageCount = 1 << pageBits
    guard count > pageCount else {
      let content = try cursor.take(count * entrySize)
      try cursor.checksum(from: place)
      entries = (0..<count).map { content.lowerBound + $0 * entrySize }
      return
    }
    let used = try cursor.take(((count + pageCount - 1) / pageCount + 7) / 8)
    try cursor.checksum(from: place)
    for (page, start) in stride(from: 0, to: count, by: pageCount).enumerated() {
      let content = try cursor.take(min(pageCount, count - start) * entrySize)
      // What stands in a page that was never written is anything.
      if bytes.bytes[used.lowerBound + page / 8] >> UInt8(7 - page % 8) & 1 == 0 {
        try cursor.skip(4)
        entries += Array(repeating: nil, count: content.count / entrySize)
      } else {
        try cursor.checksum(from: content.lowerBound)
        entries += stride(from: content.lowerBound, to: content.upperBound, by: entrySize).map { $0 }
      }
    }
  }
}
