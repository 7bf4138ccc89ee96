import KerasCore

/// The content of a gzip file, part by part; of several streams in one file, as `pigz` and `cat` make, all.
///
/// Not safe to use from several threads at once.
public final class GzipStream {
  private let name: String
  private let contents: FileContents
  private let inflater: Inflater
  private var isEnded = false

  /// Whether a file begins as gzip files do.
  public static func isOne(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: [0x1f, 0x8b, 0x08]) }

  public init(_ contents: FileContents, name: String) throws(ZipError) {
    self.contents = contents
    self.name = name
    guard let inflater = Inflater(contents, in: 0..<contents.count, wrapping: .gzip) else {
      throw ZipError(archive: name, .damaged("zlib does not start"))
    }
    self.inflater = inflater
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
    switch inflater.step(output, &filled) {
    case .going: return true
    case .damaged: return false
    case .ended:
      // Another stream may follow; zeros that pad a tape's block may too.
      isEnded = !contents.withBytes { GzipStream.isOne($0[inflater.consumed...].prefix(3)) }
      return isEnded || inflater.beginNext()
    }
  }
}
