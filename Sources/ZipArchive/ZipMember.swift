/// A member of a zip archive as its directory describes it.
public struct ZipMember: Sendable, Hashable {
  public var name: String
  /// Bytes of the content.
  public var size: Int
  public var isCompressed: Bool { method != ZipFormat.stored }
  var method: UInt16
  var crc: UInt32
  /// Where the member's bytes lie in the archive.
  var stored: Range<Int>
}
