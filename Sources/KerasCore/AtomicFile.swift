#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that appears under its name only when it is complete.
///
/// It is written under a temporary name in the same folder; `commit` brings it to disk and renames it. Without `commit`
/// (an error on the way) the temporary file is removed and a file that was there before stays as it is.
public final class AtomicFile {
  /// The name the file will have.
  public let path: String
  /// The name it is written under.
  public let temporaryPath: String
  private let target: String
  private var descriptor: Int32
  private var isCommitted = false

  /// Begins a file that will replace whatever is at `path`.
  ///
  /// Throws `FileError.unwritable` if the folder is missing or closed to us, or `path` is a folder or a device.
  public init(replacing path: String) throws(FileError) {
    self.path = path
    // A symbolic link stays one: the file it leads to is replaced.
    target = Self.resolved(path)
    var status = stat()
    if stat(target, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      let kind = status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a regular file"
      throw FileError(path: path, .unwritable(kind))
    }
    (descriptor, temporaryPath) = try Self.temporary(for: path)
  }

  /// A new file in the folder of what `path` leads to, and its name.
  static func temporary(for path: String) throws(FileError) -> (descriptor: Int32, name: String) {
    let target = resolved(path)
    for attempt in 0..<100 {
      let candidate = "\(folder(of: target))/.\(name(of: target)).\(getpid())-\(attempt).tmp"
      var opened: Int32 = -1
      let made = UnfinishedPaths.begin {
        opened = open(candidate, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        return opened >= 0 ? candidate : nil
      }
      if let made { return (opened, made) }
      if errno != EEXIST { break }
    }
    throw failure(path)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isCommitted { unlink(temporaryPath) }
    UnfinishedPaths.forget(temporaryPath)
  }

  /// Appends bytes.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    try Self.write(bytes, to: descriptor, path: path)
  }

  /// Appends bytes to an open file.
  static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws(FileError) {
    var rest = bytes
    while let base = rest.baseAddress, !rest.isEmpty {
      #if canImport(Darwin)
        let written = Darwin.write(descriptor, base, min(rest.count, 1 << 30))
      #elseif canImport(Glibc)
        let written = Glibc.write(descriptor, base, min(rest.count, 1 << 30))
      #else
        let written = Musl.write(descriptor, base, min(rest.count, 1 << 30))
      #endif
      if written < 0 {
        if errno == EINTR { continue }
        throw failure(path)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Appends bytes.
  public func write(_ bytes: [UInt8]) throws(FileError) {
    do {
      try bytes.withUnsafeBytes { try write($0) }
    } catch let error as FileError {
      throw error
    } catch {
      throw FileError(path: path, .unwritable("\(error)"))
    }
  }

  /// Appends a text as UTF-8.
  public func write(_ text: String) throws(FileError) { try write(Array(text.utf8)) }

  /// Brings the content to disk and gives the file its name.
  public func commit() throws(FileError) {
    guard !isCommitted else { return }
    guard fsync(descriptor) == 0 else { throw failure() }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, rename(temporaryPath, target) == 0 else { throw failure() }
    isCommitted = true
    Self.sync(folderOf: target)
  }

  /// Brings the names in the folder of a path to disk: a new one survives a power cut only then.
  ///
  /// Some file systems cannot, and need not.
  public static func sync(folderOf path: String) {
    let folder = open(Self.folder(of: path), O_RDONLY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  /// Writes a whole file.
  public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    let file = try AtomicFile(replacing: path)
    try file.write(bytes)
    try file.commit()
  }

  /// Removes what programs that were killed left of unfinished files of this name.
  ///
  /// Those of programs that still run stay. Only for names that no other machine writes at the same time.
  public static func removeAbandoned(_ path: String) {
    let target = resolved(path)
    let (folder, prefix, suffix) = (folder(of: target), ".\(name(of: target)).", ".tmp")
    for entry in (try? FolderListing.names(in: folder)) ?? [] {
      guard entry.hasPrefix(prefix), entry.hasSuffix(suffix), entry.count > prefix.count + suffix.count else {
        continue
      }
      let numbers = entry.dropFirst(prefix.count).dropLast(suffix.count).split(separator: "-").map { Int32($0) }
      guard numbers.count == 2, let process = numbers[0], numbers[1] != nil, process > 0 else { continue }
      if kill(process, 0) == -1, errno == ESRCH { unlink("\(folder)/\(entry)") }
    }
  }

  private func failure() -> FileError { Self.failure(path) }

  private static func failure(_ path: String) -> FileError {
    FileError(path: path, .unwritable(String(cString: strerror(errno))))
  }

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func name(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }
}
