import CZlib
import KerasCore

/// The content of a gzip file, part by part; of several streams in one file, as `pigz` and `cat` make, all.
///
/// Not safe to use from several threads at once.
public final class GzipStream {
  private let name: String
  private let contents: FileContents
  // zlib keeps a pointer to the stream, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private var consumed = 0
  private var isEnded = false

  /// Whether a file begins as gzip files do.
  public static func isOne(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: [0x1f, 0x8b, 0x08]) }

  public init(_ contents: FileContents, name: String) throws(ZipError) {
    self.contents = contents
    self.name = name
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard keraskit_inflate_init_gzip(stream) == Z_OK else {
      throw ZipError(archive: name, .damaged("zlib does not start"))
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// The next bytes, fewer than `count` only at the end, where zlib compares length and checksum.
  ///
  /// Throws `ZipError.damaged`, for a file that was cut off too.
  public func read(_ count: Int) throws(ZipError) -> [UInt8] {
    var isDamaged = false
    let result = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = 0
      while filled < count, !isEnded, !isDamaged {
        isDamaged = !step(UnsafeMutableRawBufferPointer(buffer), &filled)
      }
    }
    guard !isDamaged else { throw ZipError(archive: name, .damaged("the compressed data")) }
    return result
  }

  /// One call of zlib; `false` if the data is damaged or ends early.
  private func step(_ output: UnsafeMutableRawBufferPointer, _ filled: inout Int) -> Bool {
    let inputSize = min(contents.count - consumed, 1 << 18)
    let outputSize = min(output.count - filled, 1 << 30)
    let start = filled
    let (status, taken, made) = contents.withBytes { bytes -> (Int32, Int, Int) in
      stream.pointee.next_in = bytes.baseAddress.map {
        UnsafeMutablePointer(mutating: ($0 + consumed).assumingMemoryBound(to: UInt8.self))
      }
      stream.pointee.avail_in = UInt32(inputSize)
      stream.pointee.next_out = output.baseAddress.map { ($0 + start).assumingMemoryBound(to: UInt8.self) }
      stream.pointee.avail_out = UInt32(outputSize)
      let status = CZlib.inflate(stream, Z_NO_FLUSH)
      return (status, inputSize - Int(stream.pointee.avail_in), outputSize - Int(stream.pointee.avail_out))
    }
    consumed += taken
    filled += made
    if consumed >> 22 != (consumed - taken) >> 22 { contents.releasePages() }
    guard status == Z_STREAM_END else { return status == Z_OK && taken + made > 0 }
    // Another stream may follow; zeros that pad a tape's block may too.
    isEnded = !contents.withBytes { GzipStream.isOne($0[consumed...].prefix(3)) }
    return isEnded || inflateReset(stream) == Z_OK
  }
}
