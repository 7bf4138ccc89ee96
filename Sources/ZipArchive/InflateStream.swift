import CZlib
import KerasCore

/// A deflated member's content, part by part, so that it need not be in memory as a whole.
///
/// Not safe to use from several threads at once.
public final class InflateStream {
  private let archive: ZipReader
  private let member: ZipMember
  // zlib keeps a pointer to the stream, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private var consumed = 0
  private var produced = 0
  private var crc = UInt(0)
  private var isEnded = false

  init(_ archive: ZipReader, _ member: ZipMember) throws(ZipError) {
    self.archive = archive
    self.member = member
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard keraskit_inflate_init_raw(stream) == Z_OK else {
      throw ZipError(archive: archive.name, member: member.name, .damaged("zlib does not start"))
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
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
    let place = member.stored.lowerBound + consumed
    let inputSize = min(member.stored.count - consumed, 1 << 18)
    let outputSize = min(output.count - filled, 1 << 30)
    let start = filled
    let (status, taken, made) = archive.contents.withBytes { bytes -> (Int32, Int, Int) in
      stream.pointee.next_in = bytes.baseAddress.map {
        UnsafeMutablePointer(mutating: ($0 + place).assumingMemoryBound(to: UInt8.self))
      }
      stream.pointee.avail_in = UInt32(inputSize)
      stream.pointee.next_out = output.baseAddress.map { ($0 + start).assumingMemoryBound(to: UInt8.self) }
      stream.pointee.avail_out = UInt32(outputSize)
      let status = CZlib.inflate(stream, Z_NO_FLUSH)
      return (status, inputSize - Int(stream.pointee.avail_in), outputSize - Int(stream.pointee.avail_out))
    }
    consumed += taken
    filled += made
    if consumed >> 22 != (consumed - taken) >> 22 { archive.contents.releasePages() }
    isEnded = status == Z_STREAM_END
    return isEnded || (status == Z_OK && taken + made > 0)
  }
}
