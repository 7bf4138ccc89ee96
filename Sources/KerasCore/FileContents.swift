#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The bytes of a file at a fixed address, mapped from disk so that only what is touched is read.
///
/// The system ends a process that touches a mapped page behind the end of a file that became shorter. Therefore small
/// files are read at once, and what is large (weights) should be taken with `copy`: it is read from the file, not from
/// the mapping, and a file that was changed is an error. That costs one copy, which a mapping would cost too as soon as
/// the bytes are brought into another order, and its pages do not count as memory of this process.
public final class FileContents: @unchecked Sendable {
  private let bytes: UnsafeRawBufferPointer
  /// The mapped file; `nil` for bytes in memory.
  private let file: RangedFile?

  /// Files up to so many bytes are not mapped.
  private static let largestReadAtOnce = 1 << 16

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
    guard file != nil, let base = bytes.baseAddress else { return }
    madvise(UnsafeMutableRawPointer(mutating: base), bytes.count, MADV_DONTNEED)
  }

  /// A copy of the bytes.
  public func array() -> [UInt8] { withBytes { Array($0) } }

  /// A copy of the bytes of a range, cut to the file.
  ///
  /// Throws `FileError` if the file is not what it was when it was opened.
  public func copy(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    if let file { return try file.read(range) }
    return withBytes { Array($0[range.clamped(to: 0..<count)]) }
  }

  /// Copies what lies from byte `start` on to all of `target`; throws as `copy(_:)` does, and where there is less.
  public func copy(from start: Int, to target: UnsafeMutableRawBufferPointer) throws(FileError) {
    if let file { return try file.read(at: start, into: target) }
    guard start >= 0, start <= count, target.count <= count - start else {
      throw FileError(path: "", .unreadable("there are no bytes \(start) to \(start &+ target.count)"))
    }
    withBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + target.count])) }
  }

  /// Maps a regular file.
  ///
  /// Throws `FileError.notFound`, or `.unreadable` for folders, devices and files without permission.
  public init(path: String) throws(FileError) {
    let file = try RangedFile(path: path, noticesChanges: true)
    if file.count <= Self.largestReadAtOnce {
      let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: file.count, alignment: 16)
      do {
        try file.read(at: 0, into: copy)
      } catch {
        copy.deallocate()
        throw error
      }
      bytes = UnsafeRawBufferPointer(copy)
      self.file = nil
      return
    }
    guard let base = mmap(nil, file.count, PROT_READ, MAP_PRIVATE, file.descriptor, 0), base != MAP_FAILED else {
      throw FileError(path: path, .unreadable(String(cString: strerror(errno))))
    }
    bytes = UnsafeRawBufferPointer(start: base, count: file.count)
    self.file = file
  }

  /// Keeps a copy of `array`.
  public init(_ array: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: array.count, alignment: 16)
    copy.copyBytes(from: array)
    bytes = UnsafeRawBufferPointer(copy)
    file = nil
  }

  deinit {
    if file != nil {
      munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    } else {
      bytes.deallocate()
    }
  }
}
