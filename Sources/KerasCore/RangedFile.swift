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
  let descriptor: Int32
  /// When the file was last written, if a later change is an error.
  private let written: [Int]?

  /// Opens a regular file; throws `FileError` as `FileContents` does.
  ///
  /// With `noticesChanges` reading fails once the file's size or time of writing is another than now: what is read late
  /// would belong to another file than what was read early.
  public init(path: String, noticesChanges: Bool = false) throws(FileError) {
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
    written = noticesChanges ? Self.time(status) : nil
  }

  deinit { close(descriptor) }

  /// The bytes of a range, which is cut to the file; throws `FileError` if they cannot be read.
  public func read(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    let range = range.clamped(to: 0..<count)
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      do throws(FileError) {
        let target = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: range.count)
        try read(at: range.lowerBound, into: target)
        filled = range.count
      } catch {
        (failure, filled) = (error, 0)
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Fills all of `target` with what lies from byte `start` on; throws `FileError` if there is less.
  public func read(at start: Int, into target: UnsafeMutableRawBufferPointer) throws(FileError) {
    guard start >= 0, start <= count, target.count <= count - start else {
      throw FileError(path: path, .unreadable("it has no bytes \(start) to \(start &+ target.count)"))
    }
    var filled = 0
    while filled < target.count, let base = target.baseAddress {
      let got = pread(descriptor, base + filled, min(target.count - filled, 1 << 30), off_t(start + filled))
      if got < 0, errno == EINTR { continue }
      if got <= 0 {
        throw FileError(path: path, .unreadable(got == 0 ? "it became shorter" : String(cString: strerror(errno))))
      }
      filled += got
    }
    if let written { try checkUnchanged(written) }
  }

  private func checkUnchanged(_ written: [Int]) throws(FileError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw FileError(path: path, .unreadable(String(cString: strerror(errno))))
    }
    guard Int(status.st_size) == count, Self.time(status) == written else {
      throw FileError(path: path, .unreadable("it was changed while it was in use"))
    }
  }

  private static func time(_ status: stat) -> [Int] {
    #if canImport(Darwin)
      [Int(status.st_mtimespec.tv_sec), Int(status.st_mtimespec.tv_nsec)]
    #else
      [Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec)]
    #endif
  }
}
