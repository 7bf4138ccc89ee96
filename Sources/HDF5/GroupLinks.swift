/// A group's members: by symbol table (the old format), by messages, or by a heap (the new one, if there are many).
struct GroupLinks {
  enum Target: Hashable {
    /// An object header's address.
    case object(Int)
    /// A path in the same file.
    case soft(String)
    case external(file: String, path: String)
  }

  private(set) var targets: [String: Target] = [:]

  private static let limit = 1_000_000
  private let bytes: StoredBytes

  init(of header: ObjectHeader, in bytes: StoredBytes) throws(HDF5Error.Cause) {
    self.bytes = bytes
    for message in header.messages where !message.isShared {
      switch message.kind {
      case ObjectHeader.Kind.symbolTable:
        var cursor = try bytes.cursor(message.content)
        let (tree, heap) = (try cursor.place(), try cursor.place())
        try readSymbols(tree: tree, names: try Self.names(heap, bytes))
      case ObjectHeader.Kind.link: try readLink(message.content)
      case ObjectHeader.Kind.linkInfo: try readDense(message.content)
      default: break
      }
    }
  }

  private mutating func add(_ name: String, _ target: Target) throws(HDF5Error.Cause) {
    guard targets.count < Self.limit else { throw .tooLarge("a group of more than \(Self.limit) members") }
    if targets[name] == nil { targets[name] = target }
  }

  // MARK: Symbol tables (sections III.A.1, III.B, III.D)

  /// The local heap's content, where the names are.
  static func names(_ heap: Int, _ bytes: StoredBytes) throws(HDF5Error.Cause) -> Range<Int> {
    var cursor = try bytes.cursor(at: heap)
    try cursor.expect("HEAP", version: 0)
    try cursor.skip(3)
    let size = try cursor.length()
    try cursor.skip(8)
    var content = try bytes.cursor(at: try cursor.place())
    return try content.take(size)
  }

  private mutating func readSymbols(tree: Int, names: Range<Int>) throws(HDF5Error.Cause) {
    var leaves: [Int] = []
    try ChunkTree.walk(tree, type: 0, keySize: 8, bytes) { _, child throws(HDF5Error.Cause) in leaves.append(child) }
    for leaf in leaves {
      var cursor = try bytes.cursor(at: leaf)
      try cursor.expect("SNOD", version: 1)
      try cursor.skip(1)
      for _ in 0..<(try cursor.short()) {
        let offset = try cursor.length()
        guard offset < names.count else { throw .damaged("a member's name lies outside its heap") }
        let object = try cursor.address()
        let isSoft = try cursor.word() == 2
        try cursor.skip(4)
        let scratch = try cursor.word()
        try cursor.skip(12)
        var text = try bytes.cursor(at: names.lowerBound + offset, upTo: names.upperBound)
        let name = try text.text()
        if isSoft {
          var path = try bytes.cursor(at: names.lowerBound + min(scratch, names.count), upTo: names.upperBound)
          try add(name, .soft(path.text()))
        } else if let object {
          try add(name, .object(object))
        } else {
          throw .damaged("the member \(name) has no object")
        }
      }
    }
  }

  // MARK: Link messages (sections IV.A.2.c and IV.A.2.g)

  private mutating func readLink(_ content: Range<Int>) throws(HDF5Error.Cause) {
    var cursor = try bytes.cursor(content)
    guard try cursor.byte() == 1 else { throw .damaged("a link of an unknown version") }
    let flags = try cursor.byte()
    let kind = flags & 8 != 0 ? try cursor.byte() : 0
    if flags & 4 != 0 { try cursor.skip(8) }
    if flags & 0x10 != 0 { try cursor.skip(1) }
    let length = try cursor.length(1 << (flags & 3))
    let name = try cursor.text(length)
    switch kind {
    case 0: try add(name, .object(cursor.place()))
    case 1: try add(name, .soft(cursor.text(cursor.short())))
    case 64:
      try cursor.skip(3)
      let file = try cursor.text()
      try add(name, .external(file: file, path: cursor.text()))
    default: try add(name, .external(file: "a user-defined link", path: ""))
    }
  }

  private mutating func readDense(_ content: Range<Int>) throws(HDF5Error.Cause) {
    var cursor = try bytes.cursor(content)
    guard try cursor.byte() == 0 else { throw .damaged("a group's description of an unknown version") }
    if try cursor.byte() & 1 != 0 { try cursor.skip(8) }
    guard let place = try cursor.address(), let index = try cursor.address() else { return }
    var heap = try FractalHeap(at: place, in: bytes)
    let records = try RecordTree(at: index, in: bytes)
    guard records.type == 5, records.recordSize == 11 else { throw .damaged("a group's index of kind \(records.type)") }
    for record in records.records {
      try readLink(heap.object(record.lowerBound + 4..<record.upperBound))
    }
  }
}
