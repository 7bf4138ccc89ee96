import CZlib
import KerasCore

/// A deflated member's content, part by part, so that it need not be in memory as a whole.
///
/// Not safe to use from several threads at once.
public final class InflateStream {
  private let archive: ZipReader
  private let member: ZipMember
  private let inflater: Inflater
  private var produced = 0
  private var crc = UInt(0)
  private var isEnded = false

  init(_ archive: ZipReader, _ member: ZipMember) throws(ZipError) {
    self.archive = archive
    self.member = member
    guard let inflater = Inflater(archive.contents, in: member.stored, wrapping: .none) else {
      throw ZipError(archive: archive.name, member: member.name, .damaged("zlib does not start"))
    }
    self.inflater = inflater
  }

  /// The next bytes, fewer than `count` only at the end, where length and checksum are compared with the directory's.
  ///
  /// Throws `ZipError.damaged` or `wrongChecksum`.
  public func read(_ count: Int) throws(ZipError) -> [UInt8] {
    let wanted = min(count, member.size - produced)
    guard wanted > 0 else { return [] }
    var isDamaged = false
    let result = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
      filled = 0
      while filled < wanted, !isDamaged {
        isDamaged = !step(UnsafeMutableRawBufferPointer(buffer), &filled)
      }
    }
    guard !isDamaged else {
      throw ZipError(archive: archive.name, member: member.name, .damaged("the compressed data"))
    }
    produced += result.count
    crc = result.withUnsafeBytes { bytes in
      // zlib counts in 32 bits.
      var value = crc
      for start in stride(from: 0, to: bytes.count, by: 1 << 30) {
        let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 1 << 30, bytes.count)])
        value = crc32(value, part.bindMemory(to: UInt8.self).baseAddress, UInt32(part.count))
      }
      return value
    }
    if produced == member.size, UInt32(truncatingIfNeeded: crc) != member.crc {
      throw ZipError(archive: archive.name, member: member.name, .wrongChecksum)
    }
    return result
  }

  /// One call of zlib; `false` if the data is damaged.
  private func step(_ output: UnsafeMutableRawBufferPointer, _ filled: inout Int) -> Bool {
    guard !isEnded else { return false }
    let progress = inflater.step(output, &filled)
    isEnded = progress == .ended
    return progress != .damaged
  }
}
