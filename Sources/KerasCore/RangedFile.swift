#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file of which parts are read when asked for, into memory that the caller owns.
///
/// Unlike `FileContents` nothing of it stays in the process' memory. May be used from several threads.
public final class RangedFile: Sendable {
  public let path: String
  public let count: Int
  private let descriptor: Int32

  /// Opens a regular file; throws `FileError` as `FileContents` does.
  public init(path: String) throws(FileError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw FileError(path: path, errno == ENOENT ? .notFound : .unreadable(String(cString: strerror(errno))))
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      let kind = status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a regular file"
      close(descriptor)
      throw FileError(path: path, .unreadable(kind))
    }
    count = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The bytes of a range, which is cut to the file; throws `FileError` if they cannot be read.
  public func read(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    let range = range.clamped(to: 0..<count)
    var failure: String?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      filled = 0
      while filled < range.count, let base = buffer.baseAddress {
        let got = pread(descriptor, base + filled, min(range.count - filled, 1 << 30), off_t(range.lowerBound + filled))
        if got < 0, errno == EINTR { continue }
        if got <= 0 {
          failure = got == 0 ? "it became shorter" : String(cString: strerror(errno))
          return
        }
        filled += got
      }
    }
    if let failure { throw FileError(path: path, .unreadable(failure)) }
    return bytes
  }
}
