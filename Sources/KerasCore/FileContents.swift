#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The bytes of a file at a fixed address, mapped from disk so that only what is touched is read.
public final class FileContents: @unchecked Sendable {
  private let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  public var count: Int { bytes.count }

  /// Gives `body` the bytes, which lie where they are as long as this object lives.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // The object may have been used for the last time here: without this it could go before its bytes are read.
    defer { withExtendedLifetime(self) {} }
    return try body(bytes)
  }

  /// Lets the system drop what was read of a mapped file from memory; it is read again when touched.
  public func releasePages() {
    guard isMapped, let base = bytes.baseAddress else { return }
    madvise(UnsafeMutableRawPointer(mutating: base), bytes.count, MADV_DONTNEED)
  }

  /// A copy of the bytes.
  public func array() -> [UInt8] { withBytes { Array($0) } }

  /// Maps a regular file.
  ///
  /// Throws `FileError.notFound`, or `.unreadable` for folders, devices and files without permission.
  public init(path: String) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failure(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.failure(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      let kind = status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a regular file"
      throw FileError(path: path, .unreadable(kind))
    }
    let size = Int(status.st_size)
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      isMapped = false
      return
    }
    guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw Self.failure(path, errno)
    }
    bytes = UnsafeRawBufferPointer(start: base, count: size)
    isMapped = true
  }

  /// Keeps a copy of `array`.
  public init(_ array: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: array.count, alignment: 16)
    copy.copyBytes(from: array)
    bytes = UnsafeRawBufferPointer(copy)
    isMapped = false
  }

  deinit {
    if isMapped {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    } else {
      bytes.deallocate()
    }
  }

  private static func failure(_ path: String, _ code: Int32) -> FileError {
    code == ENOENT
      ? FileError(path: path, .notFound) : FileError(path: path, .unreadable(String(cString: strerror(code))))
  }
}
