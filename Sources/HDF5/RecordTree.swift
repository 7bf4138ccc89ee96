/// The new kind of tree (section III.A.2): records of one size, all that is asked of it here.
struct RecordTree {
  let type: Int
  let recordSize: Int
  private(set) var records: [Range<Int>] = []

  private static let limit = 1 << 22

  init(at address: Int, in bytes: StoredBytes) throws(HDF5Error.Cause) {
    var cursor = try bytes.cursor(at: address)
    try cursor.expect("BTHD", version: 0)
    type = try cursor.byte()
    let nodeSize = try cursor.word()
    recordSize = try cursor.short()
    let depth = try cursor.short()
    try cursor.skip(2)
    let root = try cursor.address()
    let count = try cursor.short()
    try cursor.skip(8)
    try cursor.checksum(from: address)
    guard recordSize > 0, nodeSize > 10 + recordSize, depth < 32 else { throw .damaged("a tree's header") }
    guard let root else { return }
    // How many bytes a child's number of records takes follows from how many fit.
    let leafCount = (nodeSize - 10) / recordSize
    let countSize = Self.encodedSize(leafCount)
    var pointerSizes = [0]
    var total = leafCount
    var totalSize = 0
    for _ in 0..<depth {
      let pointerSize = 8 + countSize + totalSize
      pointerSizes.append(pointerSize)
      let fitting = (nodeSize - 10 - pointerSize) / (recordSize + pointerSize)
      guard fitting > 0, let product = multiplied(fitting + 1, total), product < Int.max / 2 else {
        throw .damaged("a tree's header")
      }
      total = product + fitting
      totalSize = Self.encodedSize(total)
    }
    var stack = [(address: root, count: count, level: depth)]
    var seen: Set<Int> = []
    while let (address, count, level) = stack.popLast() {
      guard seen.insert(address).inserted else { throw .damaged("a tree that goes in circles") }
      var cursor = try bytes.cursor(at: address)
      try cursor.expect(level == 0 ? "BTLF" : "BTIN", version: 0)
      try cursor.skip(1)
      for _ in 0..<count { records.append(try cursor.take(recordSize)) }
      guard records.count < Self.limit else { throw .tooLarge("a tree of more than \(Self.limit) records") }
      if level > 0 {
        for _ in 0...count {
          let child = try cursor.place()
          let childCount = try cursor.length(countSize)
          try cursor.skip(pointerSizes[level] - 8 - countSize)
          stack.append((child, childCount, level - 1))
        }
      }
      try cursor.checksum(from: address)
    }
  }

  /// Bytes that a number up to `limit` takes.
  static func encodedSize(_ limit: Int) -> Int {
    max(1, (Int.bitWidth - limit.leadingZeroBitCount + 7) / 8)
  }
}

private func multiplied(_ one: Int, _ other: Int) -> Int? {
  let (product, overflow) = one.multipliedReportingOverflow(by: other)
  return overflow ? nil : product
}
