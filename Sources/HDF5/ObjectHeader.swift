/// What is known about a group, data set or named type: a list of messages.
///
/// Layout: HDF5 File Format Specification 3.0, section IV.A; versions 1 and 2.
struct ObjectHeader {
  struct Message {
    var kind: Int
    /// Its content is kept elsewhere: `content` says where.
    var isShared: Bool
    var content: Range<Int>
  }

  enum Kind {
    static let dataspace = 0x01
    static let linkInfo = 0x02
    static let datatype = 0x03
    static let oldFillValue = 0x04
    static let fillValue = 0x05
    static let link = 0x06
    static let externalFiles = 0x07
    static let layout = 0x08
    static let groupInfo = 0x0a
    static let filters = 0x0b
    static let attribute = 0x0c
    static let continuation = 0x10
    static let symbolTable = 0x11
    static let attributeInfo = 0x15
  }

  private static let messageLimit = 1 << 20
  private static let blockLimit = 1 << 16

  private(set) var messages: [Message] = []

  init(at address: Int, in bytes: StoredBytes) throws(HDF5Error.Cause) {
    var cursor = try bytes.cursor(at: address)
    if bytes.bytes[address...].starts(with: "OHDR".utf8) {
      try cursor.expect("OHDR", version: 2)
      let flags = try cursor.byte()
      if flags & 0x20 != 0 { try cursor.skip(16) }
      if flags & 0x10 != 0 { try cursor.skip(4) }
      let size = try cursor.length(1 << (flags & 3))
      let block = try cursor.take(size)
      try cursor.checksum(from: address)
      try read(block, version: 2, hasOrder: flags & 4 != 0, bytes)
    } else {
      guard try cursor.byte() == 1 else { throw .damaged("no object at byte \(address)") }
      try cursor.skip(7)
      let size = try cursor.word()
      try cursor.skip(4)
      try read(try cursor.take(size), version: 1, hasOrder: false, bytes)
    }
  }

  private mutating func read(
    _ first: Range<Int>, version: Int, hasOrder: Bool, _ bytes: StoredBytes
  ) throws(HDF5Error.Cause) {
    var blocks = [first]
    var next = 0
    let prefix = version == 1 ? 8 : hasOrder ? 6 : 4
    while next < blocks.count {
      var cursor = try bytes.cursor(blocks[next])
      next += 1
      // What is left behind the last message of a block is a gap.
      while cursor.remaining >= prefix {
        let kind = version == 1 ? try cursor.short() : try cursor.byte()
        let size = try cursor.short()
        let flags = try cursor.byte()
        try cursor.skip(version == 1 ? 3 : hasOrder ? 2 : 0)
        let content = try cursor.take(size)
        guard kind == Kind.continuation else {
          guard messages.count < Self.messageLimit else { throw .tooLarge("an object of a million messages") }
          messages.append(Message(kind: kind, isShared: flags & 2 != 0, content: content))
          continue
        }
        guard blocks.count < Self.blockLimit else { throw .damaged("an object's header that never ends") }
        var place = try bytes.cursor(content)
        let (start, length) = (try place.place(), try place.length())
        var block = try bytes.cursor(at: start)
        if version == 2 {
          try block.expect("OCHK")
          blocks.append(try block.take(length - 8))
          try block.checksum(from: start)
        } else {
          blocks.append(try block.take(length))
        }
      }
    }
  }

  subscript(kind: Int) -> Message? { messages.first { $0.kind == kind } }

  var isGroup: Bool {
    messages.contains { [Kind.symbolTable, Kind.linkInfo, Kind.groupInfo, Kind.link].contains($0.kind) }
  }

  var isDataset: Bool { self[Kind.layout] != nil }

  /// A message's own content, fetched from the object that it is shared with.
  static func content(
    _ kind: Int, _ content: Range<Int>, isShared: Bool, _ bytes: StoredBytes
  ) throws(HDF5Error.Cause) -> Range<Int> {
    guard isShared else { return content }
    var cursor = try bytes.cursor(content)
    let (version, type) = (try cursor.byte(), try cursor.byte())
    guard version <= 3, version < 3 || type == 2 else {
      throw .unsupported(
        "a description in a table of shared messages is not supported; copy the data sets into a new file, with h5py for example"
      )
    }
    if version == 1 { try cursor.skip(6) }
    // A named type: an object of its own, whose description is not shared again.
    guard let message = try ObjectHeader(at: cursor.place(), in: bytes)[kind], !message.isShared else {
      throw .damaged("a shared description is missing")
    }
    return message.content
  }
}
