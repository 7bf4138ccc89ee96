/// The old kind of tree (section III.A.1), which leads to symbol tables and to chunks.
enum ChunkTree {
  private static let nodeLimit = 1 << 22

  /// Calls `visit` with each key's place and each child of the lowest level, in order.
  static func walk(
    _ root: Int, type: Int, keySize: Int, _ bytes: StoredBytes,
    _ visit: (Int, Int) throws(HDF5Error.Cause) -> Void
  ) throws(HDF5Error.Cause) {
    var stack: [(address: Int, level: Int?)] = [(root, nil)]
    // Each node is entered once: a tree in which two lead to the same is none.
    var seen: Set<Int> = []
    while let (address, expected) = stack.popLast() {
      guard seen.insert(address).inserted, seen.count < nodeLimit else { throw .damaged("a tree that goes in circles") }
      var cursor = try bytes.cursor(at: address)
      try cursor.expect("TREE")
      let (kind, level, used) = (try cursor.byte(), try cursor.byte(), try cursor.short())
      guard kind == type, expected == nil || level == expected else { throw .damaged("a tree's node of another kind") }
      try cursor.skip(16)
      var children: [(address: Int, level: Int?)] = []
      for _ in 0..<used {
        let key = try cursor.take(keySize).lowerBound
        let child = try cursor.place()
        if level == 0 { try visit(key, child) } else { children.append((child, level - 1)) }
      }
      stack += children.reversed()
    }
  }
}
