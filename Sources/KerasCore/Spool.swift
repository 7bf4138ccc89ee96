#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Bytes put aside part by part: in memory while they are few, else in a file that has no name any more.
///
/// However the process ends, nothing of them is left.
public final class Spool {
  /// Bytes so far.
  public private(set) var count = 0
  private let path: String
  private let memoryLimit: Int
  private var memory: [UInt8] = []
  private var descriptor: Int32 = -1

  /// For a file to be written at `path`, in whose folder the bytes lie if they are more than `memoryLimit`.
  public init(for path: String, memoryLimit: Int = 16 << 20) {
    self.path = path
    self.memoryLimit = memoryLimit
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Appends bytes; throws `FileError.unwritable`.
  public func append(_ bytes: [UInt8]) throws(FileError) {
    count += bytes.count
    if descriptor < 0 {
      memory += bytes
      guard memory.count > memoryLimit else { return }
      let (opened, name) = try AtomicFile.temporary(for: path)
      unlink(name)
      UnfinishedPaths.forget(name)
      descriptor = opened
      let kept = memory
      memory = []
      try write(kept)
    } else {
      try write(bytes)
    }
  }

  /// Gives `body` all bytes in their order, some at a time.
  public func forEachPart(_ body: ([UInt8]) throws(FileError) -> Void) throws(FileError) {
    guard descriptor >= 0 else { return try body(memory) }
    var position = 0
    while position < count {
      let wanted = min(1 << 20, count - position)
      let part = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
        filled = max(0, pread(descriptor, buffer.baseAddress, wanted, off_t(position)))
      }
      if part.isEmpty {
        if errno == EINTR { continue }
        throw FileError(path: path, .unwritable("what was put aside for it cannot be read back"))
      }
      position += part.count
      try body(part)
    }
  }

  private func write(_ bytes: [UInt8]) throws(FileError) {
    var failure: FileError?
    bytes.withUnsafeBytes { bytes in
      do throws(FileError) {
        try AtomicFile.write(bytes, to: descriptor, path: path)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }
}
