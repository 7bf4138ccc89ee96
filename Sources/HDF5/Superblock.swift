/// The start of an HDF5 file: where its root group is.
///
/// Layout: HDF5 File Format Specification 3.0, section II.A; versions 0 to 3.
struct Superblock {
  private static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]

  /// The file from its superblock on.
  let bytes: StoredBytes
  /// The root group's object header.
  let root: Int

  init(_ file: StoredBytes) throws(HDF5Error.Cause) {
    var start = 0
    while !(file.holds(start, 8) && file.bytes[start...].starts(with: Self.signature)) {
      // Behind a user block of 512 bytes or a doubling of that.
      start = start == 0 ? 512 : start * 2
      guard start < file.count else { throw .unreadable("file signature not found") }
    }
    bytes = file.dropping(start)
    var cursor = try bytes.cursor(at: Self.signature.count)
    let version = try cursor.byte()
    guard version <= 3 else { throw .unreadable("a superblock of version \(version)") }
    if version < 2 { try cursor.skip(4) }
    let (addressSize, lengthSize) = (try cursor.byte(), try cursor.byte())
    guard addressSize == 8, lengthSize == 8 else {
      throw .unreadable("addresses of \(addressSize) and lengths of \(lengthSize) bytes")
    }
    try cursor.skip(version < 2 ? 9 : 1)
    if version == 1 { try cursor.skip(4) }
    let base = try cursor.length()
    try cursor.skip(8)
    let end = try cursor.length()
    // The stored end counts from the stored base, wherever the superblock was found.
    guard end - base <= bytes.count else { throw .unreadable("it ends early: \(bytes.count) of \(end - base) bytes") }
    if version < 2 { try cursor.skip(16) }
    root = try cursor.place()
    if version >= 2 { try cursor.checksum(from: 0) }
  }
}
