import KerasCore

/// An HDF5 file's bytes from its superblock on, read only within their bounds.
///
/// Addresses in a file count from there. All numbers are little-endian; addresses and lengths have eight bytes, as in
/// every file of h5py (others are refused when a file is opened).
struct StoredBytes: @unchecked Sendable {
  /// Keeps the bytes where they are.
  private let contents: FileContents
  /// Where `bytes` begin in them.
  private let start: Int
  let bytes: UnsafeRawBufferPointer
  /// Off only in tests that damage files, to get behind the checksums.
  let verifiesChecksums: Bool

  init(_ contents: FileContents, in range: Range<Int>, verifiesChecksums: Bool = true) {
    self.contents = contents
    self.verifiesChecksums = verifiesChecksums
    start = range.lowerBound
    bytes = contents.withBytes { UnsafeRawBufferPointer(rebasing: $0[range]) }
  }

  var count: Int { bytes.count }

  /// Lets the system drop from memory what was read of a file.
  func releasePages() { contents.releasePages() }

  /// What follows the first `start` bytes.
  func dropping(_ start: Int) -> StoredBytes {
    let start = min(start, bytes.count)
    return StoredBytes(self, from: start, UnsafeRawBufferPointer(rebasing: bytes[start...]))
  }

  private init(_ whole: StoredBytes, from start: Int, _ bytes: UnsafeRawBufferPointer) {
    contents = whole.contents
    self.start = whole.start + start
    verifiesChecksums = whole.verifiesChecksums
    self.bytes = bytes
  }

  /// A reader of `range`, or of all from its start on.
  func cursor(at start: Int, upTo end: Int? = nil) throws(HDF5Error.Cause) -> StoredCursor {
    let end = end ?? count
    guard start >= 0, start <= end, end <= count else { throw .damaged("something lies at byte \(start), outside") }
    return StoredCursor(bytes: self, position: start, end: end)
  }

  func cursor(_ range: Range<Int>) throws(HDF5Error.Cause) -> StoredCursor {
    try cursor(at: range.lowerBound, upTo: range.upperBound)
  }

  /// Whether `range` lies in the file.
  func holds(_ start: Int, _ size: Int) -> Bool { start >= 0 && size >= 0 && start <= count && size <= count - start }

  /// Elements, read from the file itself; see `FileContents.copy(_:)`.
  func copy(_ range: Range<Int>) throws(HDF5Error.Cause) -> [UInt8] {
    guard holds(range.lowerBound, range.count) else { throw .damaged("elements lie outside the file") }
    do {
      return try contents.copy(start + range.lowerBound..<start + range.upperBound)
    } catch {
      throw .damaged("\(error.reason)")
    }
  }

  /// Elements from byte `place` on, as many as `target` takes.
  func copy(from place: Int, to target: UnsafeMutableRawBufferPointer) throws(HDF5Error.Cause) {
    guard holds(place, target.count) else { throw .damaged("elements lie outside the file") }
    do {
      try contents.copy(from: start + place, to: target)
    } catch {
      throw .damaged("\(error.reason)")
    }
  }
}

/// Reads numbers front to back; every read is checked.
struct StoredCursor {
  let bytes: StoredBytes
  private(set) var position: Int
  let end: Int

  init(bytes: StoredBytes, position: Int, end: Int) {
    self.bytes = bytes
    self.position = position
    self.end = end
  }

  var remaining: Int { end - position }

  mutating func take(_ count: Int) throws(HDF5Error.Cause) -> Range<Int> {
    guard count >= 0, count <= remaining else { throw .damaged("a part at byte \(position) ends early") }
    defer { position += count }
    return position..<position + count
  }

  mutating func skip(_ count: Int) throws(HDF5Error.Cause) { _ = try take(count) }

  /// A number of at most eight bytes.
  mutating func number(_ size: Int) throws(HDF5Error.Cause) -> UInt64 {
    try take(size).reversed().reduce(0) { $0 << 8 | UInt64(bytes.bytes[$1]) }
  }

  mutating func byte() throws(HDF5Error.Cause) -> Int { Int(try number(1)) }
  mutating func short() throws(HDF5Error.Cause) -> Int { Int(try number(2)) }
  mutating func word() throws(HDF5Error.Cause) -> Int { Int(try number(4)) }

  /// A length of `size` bytes; none can be larger than what Swift counts in.
  mutating func length(_ size: Int = 8) throws(HDF5Error.Cause) -> Int {
    let value = try number(size)
    guard let length = Int(exactly: value) else { throw .tooLarge("a length of \(value)") }
    return length
  }

  /// An address; `nil` for the undefined one.
  mutating func address() throws(HDF5Error.Cause) -> Int? {
    let value = try number(8)
    guard value != .max else { return nil }
    guard let address = Int(exactly: value), address < bytes.count else {
      throw .damaged("it refers to byte \(value), outside the file")
    }
    return address
  }

  /// An address that has to be one.
  mutating func place() throws(HDF5Error.Cause) -> Int {
    guard let address = try address() else { throw .damaged("an address is missing at byte \(position)") }
    return address
  }

  mutating func expect(_ signature: String, version: Int? = nil) throws(HDF5Error.Cause) {
    let start = position
    guard bytes.bytes[try take(signature.utf8.count)].elementsEqual(signature.utf8) else {
      throw .damaged("no \(signature) at byte \(start)")
    }
    guard let version else { return }
    let found = try byte()
    guard found == version else { throw .damaged("\(signature) of version \(found) at byte \(start)") }
  }

  /// A text up to its zero byte, which is passed.
  mutating func text() throws(HDF5Error.Cause) -> String {
    let start = position
    while try byte() != 0 {}
    return String(decoding: bytes.bytes[start..<position - 1], as: UTF8.self)
  }

  /// A text of `count` bytes, or up to a zero byte among them.
  mutating func text(_ count: Int) throws(HDF5Error.Cause) -> String {
    String(decoding: bytes.bytes[try take(count)].prefix { $0 != 0 }, as: UTF8.self)
  }
}
