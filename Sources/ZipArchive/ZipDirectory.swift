import KerasCore

/// Reads and checks the directory of an archive: every member's name, size and place.
struct ZipDirectory {
  let archive: String
  let bytes: UnsafeRawBufferPointer

  private func error(_ cause: ZipError.Cause, _ member: String? = nil) -> ZipError {
    ZipError(archive: archive, member: member, cause)
  }

  /// The members in directory order.
  func members() throws(ZipError) -> [ZipMember] {
    let location = try location()
    guard location.count <= ZipFormat.maximumMembers else { throw error(.tooLarge("\(location.count) members")) }
    guard var reader = ByteReader(bytes, at: location.start, count: location.size) else {
      throw error(.damaged("the directory lies outside the file"))
    }
    var members: [ZipMember] = []
    var names: Set<String> = []
    for _ in 0..<location.count {
      let member = try member(&reader, base: location.base)
      guard Self.isSafe(member.name) else { throw error(.unsafeName, member.name) }
      guard names.insert(member.name).inserted else { throw error(.duplicateName, member.name) }
      members.append(member)
    }
    try checkOverlap(members)
    return members
  }

  /// A relative path that stays below the archive's folder on every system.
  static func isSafe(_ name: String) -> Bool {
    guard !name.isEmpty, !name.hasPrefix("/"), name.utf8.count <= 4096 else { return false }
    if name.unicodeScalars.contains(where: { $0 == "\\" || $0.value < 0x20 || $0 == ":" }) { return false }
    let trimmed = name.hasSuffix("/") ? name.dropLast() : name[...]
    return trimmed.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
      !$0.isEmpty && $0 != "." && $0 != ".."
    }
  }

  struct Location {
    var start: Int
    var size: Int
    var count: Int
    /// What to add to every stated offset: bytes that were put before the archive.
    var base: Int
  }

  func location() throws(ZipError) -> Location {
    // The end record is followed by a comment of up to 65535 bytes.
    let last = bytes.count - ZipFormat.endRecordSize
    guard last >= 0 else { throw error(.notAnArchive) }
    for position in stride(from: last, through: max(0, last - 0xffff), by: -1) where bytes[position] == 0x50 {
      guard var reader = ByteReader(bytes, at: position, count: bytes.count - position),
        reader.uint32() == ZipFormat.endRecord, let disk = reader.uint16(), let startDisk = reader.uint16(),
        let countHere = reader.uint16(), let count = reader.uint16(), let size = reader.uint32(),
        let start = reader.uint32(), let comment = reader.uint16(), reader.position + Int(comment) <= bytes.count
      else { continue }
      if let location = try zip64Location(before: position) { return location }
      guard disk == 0, startDisk == 0, countHere == count else {
        throw error(.unsupported("an archive in several parts"))
      }
      return try checked(start: Int(start), size: Int(size), count: Int(count), end: position)
    }
    throw error(.notAnArchive)
  }

  private func zip64Location(before end: Int) throws(ZipError) -> Location? {
    guard var locator = ByteReader(bytes, at: end - ZipFormat.zip64LocatorSize, count: ZipFormat.zip64LocatorSize),
      locator.uint32() == ZipFormat.zip64Locator
    else { return nil }
    // The record stands right before its locator; the stated offset is wrong if bytes were put before the archive.
    let position = end - ZipFormat.zip64LocatorSize - ZipFormat.zip64EndRecordSize
    guard var record = ByteReader(bytes, at: position, count: ZipFormat.zip64EndRecordSize),
      record.uint32() == ZipFormat.zip64EndRecord, record.skip(20), let countHere = record.uint64(),
      let count = record.uint64(), let size = record.uint64(), let start = record.uint64(), countHere == count
    else { throw error(.damaged("the zip64 end record")) }
    return try checked(
      start: Int(clamping: start), size: Int(clamping: size), count: Int(clamping: count), end: position)
  }

  private func checked(start: Int, size: Int, count: Int, end: Int) throws(ZipError) -> Location {
    guard size <= end, start <= end - size, count <= size / ZipFormat.directoryHeaderSize else {
      throw error(.damaged("the directory does not fit into the file"))
    }
    return Location(start: end - size, size: size, count: count, base: end - size - start)
  }

  /// What the directory says of one member, nothing of it checked.
  struct Entry {
    var name: String
    var flags: UInt16
    var method: UInt16
    var crc: UInt32
    var sizes: Sizes
    /// The system that wrote it in the upper byte (3: Unix), and what that system keeps of a file in `attributes`.
    var writer: UInt16
    var attributes: UInt32
  }

  func entry(_ reader: inout ByteReader) throws(ZipError) -> Entry {
    guard reader.uint32() == ZipFormat.directoryHeader, let writer = reader.uint16(), reader.skip(2),
      let flags = reader.uint16(), let method = reader.uint16(), reader.skip(4), let crc = reader.uint32(),
      let packed = reader.uint32(), let size = reader.uint32(), let nameLength = reader.uint16(),
      let extraLength = reader.uint16(), let commentLength = reader.uint16(), reader.skip(4),
      let attributes = reader.uint32(), let offset = reader.uint32(), let name = reader.text(Int(nameLength))
    else { throw error(.damaged("the directory ends early")) }
    var sizes = Sizes(size: UInt64(size), packed: UInt64(packed), offset: UInt64(offset))
    guard sizes.read(&reader, extraLength: Int(extraLength)), reader.skip(Int(commentLength)) else {
      throw error(.damaged("the directory entry"), name)
    }
    return Entry(
      name: name, flags: flags, method: method, crc: crc, sizes: sizes, writer: writer, attributes: attributes)
  }

  private func member(_ reader: inout ByteReader, base: Int) throws(ZipError) -> ZipMember {
    let entry = try entry(&reader)
    let name = entry.name
    guard entry.flags & ZipFormat.encryptedFlag == 0 else { throw error(.unsupported("encryption"), name) }
    let place = try place(entry.sizes, base: base, name)
    guard place.name == name else { throw error(.damaged("its header names it '\(place.name)'"), name) }
    let unpacked = Int(clamping: entry.sizes.size)
    if entry.method == ZipFormat.stored, unpacked != place.stored.count { throw error(.damaged("sizes differ"), name) }
    if Self.isBomb(size: unpacked, stored: place.stored.count) {
      throw error(.tooLarge("\(unpacked) bytes are declared where \(place.stored.count) are stored"), name)
    }
    return ZipMember(name: name, size: unpacked, method: entry.method, crc: entry.crc, stored: place.stored)
  }

  /// Whether a declared size is more than deflate can make of what is stored.
  static func isBomb(size: Int, stored: Int) -> Bool {
    size > ZipFormat.unquestionedBytes && size / ZipFormat.maximumExpansion > stored
  }

  /// The three numbers that move to an extra field when they need 64 bits.
  struct Sizes {
    var size: UInt64
    var packed: UInt64
    var offset: UInt64

    mutating func read(_ reader: inout ByteReader, extraLength: Int) -> Bool {
      guard var extra = ByteReader(reader.bytes, at: reader.position, count: extraLength), reader.skip(extraLength)
      else { return false }
      while let tag = extra.uint16(), let length = extra.uint16() {
        guard var field = ByteReader(extra.bytes, at: extra.position, count: Int(length)), extra.skip(Int(length))
        else { return false }
        guard tag == ZipFormat.zip64Extra else { continue }
        for part in [\Sizes.size, \Sizes.packed, \Sizes.offset] where self[keyPath: part] == 0xffff_ffff {
          guard let value = field.uint64() else { return false }
          self[keyPath: part] = value
        }
      }
      return true
    }
  }

  /// Where the content lies: after the local header, whose own name and extra field count.
  func place(_ sizes: Sizes, base: Int, _ name: String) throws(ZipError) -> (stored: Range<Int>, name: String) {
    let (start, overflow) = Int(clamping: sizes.offset).addingReportingOverflow(base)
    guard !overflow, var header = ByteReader(bytes, at: start, count: ZipFormat.localHeaderSize),
      header.uint32() == ZipFormat.localHeader, header.skip(22), let nameLength = header.uint16(),
      let extraLength = header.uint16(),
      var rest = ByteReader(bytes, at: header.position, count: Int(nameLength) + Int(extraLength)),
      let localName = rest.text(Int(nameLength))
    else { throw error(.damaged("its header is not where the directory says"), name) }
    guard let packed = Int(exactly: sizes.packed), packed <= bytes.count - rest.end else {
      throw error(.damaged("it ends behind the file's end"), name)
    }
    return (rest.end..<rest.end + packed, localName)
  }

  private func checkOverlap(_ members: [ZipMember]) throws(ZipError) {
    let sorted = members.sorted { $0.stored.lowerBound < $1.stored.lowerBound }
    for (earlier, later) in zip(sorted, sorted.dropFirst()) {
      let header = later.stored.lowerBound - ZipFormat.localHeaderSize - later.name.utf8.count
      guard earlier.stored.upperBound <= header else { throw error(.overlapping, later.name) }
    }
  }
}
