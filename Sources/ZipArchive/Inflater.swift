import CZlib
import KerasCore

/// zlib at work on a file's bytes, call by call: what zip members and gzip files share.
final class Inflater {
  enum Wrapping { case none, gzip }

  enum Progress {
    /// There is more to come.
    case going
    /// The stream has ended; others may follow it.
    case ended
    /// The data is damaged or ends early.
    case damaged
  }

  private let contents: FileContents
  private let range: Range<Int>
  // zlib keeps a pointer to the stream, so it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  /// Bytes of the range that zlib has taken.
  private(set) var consumed = 0

  /// `nil` if zlib does not start.
  init?(_ contents: FileContents, in range: Range<Int>, wrapping: Wrapping) {
    self.contents = contents
    self.range = range
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let status =
      wrapping == .gzip ? keraskit_inflate_init_gzip(stream) : keraskit_inflate_init_raw(stream)
    guard status == Z_OK else { return nil }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// One call of zlib, which fills `output` from `filled` on as far as it comes.
  func step(_ output: UnsafeMutableRawBufferPointer, _ filled: inout Int) -> Progress {
    let place = range.lowerBound + consumed
    let inputSize = min(range.count - consumed, 1 << 18)
    let outputSize = min(output.count - filled, 1 << 30)
    let start = filled
    let (status, taken, made) = contents.withBytes { bytes -> (Int32, Int, Int) in
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
    if consumed >> 22 != (consumed - taken) >> 22 { contents.releasePages() }
    if status == Z_STREAM_END { return .ended }
    return status == Z_OK && taken + made > 0 ? .going : .damaged
  }

  /// Makes ready for another stream behind the one that has ended; `false` if zlib does not.
  func beginNext() -> Bool { inflateReset(stream) == Z_OK }
}
