import KerasCore

/// A stored member's content, part by part, its checksum compared at the end.
///
/// Not safe to use from several threads at once.
public final class StoredStream {
  private let archive: ZipReader
  private let member: ZipMember
  private var position: Int
  private var crc: UInt32 = 0

  init(_ archive: ZipReader, _ member: ZipMember) {
    self.archive = archive
    self.member = member
    position = member.stored.lowerBound
  }

  /// The next bytes, fewer than `count` only at the end.
  ///
  /// Throws `ZipError.file`, or `wrongChecksum` with the last bytes.
  public func read(_ count: Int) throws(ZipError) -> [UInt8] {
    let end = min(position + count, member.stored.upperBound)
    guard end > position else { return [] }
    let bytes: [UInt8]
    do {
      bytes = try archive.contents.copy(position..<end)
    } catch {
      throw ZipError(archive: archive.name, member: member.name, .file(error))
    }
    position = end
    crc = bytes.withUnsafeBytes { Checksum.extended(crc, by: $0) }
    if end == member.stored.upperBound, crc != member.crc {
      throw ZipError(archive: archive.name, member: member.name, .wrongChecksum)
    }
    return bytes
  }
}
