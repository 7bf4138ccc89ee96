#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A folder of files that appears under its name only when all of them are complete.
///
/// It is filled under a temporary name beside its place. Without `commit` what was written is removed, and a folder that
/// was there before stays as it is.
public final class AtomicFolder {
  public let path: String
  /// Where to write the files.
  public let temporaryPath: String
  private var isCommitted = false
  /// Folders in it.
  private var folders: [String] = []

  /// Begins a folder that will take the place of whatever folder is at `path`.
  ///
  /// Throws `FileError.unwritable` if the folder around it is missing or closed to us, or a file is in the way.
  public init(replacing path: String) throws(FileError) {
    var target = path
    while target.count > 1, target.hasSuffix("/") { target.removeLast() }
    self.path = target
    var status = stat()
    if stat(target, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
      throw FileError(path: path, .unwritable("it is a file, and a folder is to be written"))
    }
    let cut = target.lastIndex(of: "/")
    let parent = cut.map { String(target[...$0]) } ?? ""
    let name = cut.map { String(target[target.index(after: $0)...]) } ?? target
    var made: String?
    for attempt in 0..<100 {
      let candidate = "\(parent).\(name).\(getpid())-\(attempt).tmp"
      made = UnfinishedPaths.begin { mkdir(candidate, 0o777) == 0 ? candidate : nil }
      if made != nil || errno != EEXIST { break }
    }
    guard let made else { throw FileError(path: path, .unwritable(String(cString: strerror(errno)))) }
    temporaryPath = made
  }

  deinit {
    if !isCommitted { FolderListing.remove(temporaryPath) }
    UnfinishedPaths.forget(temporaryPath)
  }

  /// Writes one file of the folder, on disk when this returns; a name with slashes makes the folders on the way.
  public func write(_ bytes: [UInt8], as name: String) throws(FileError) {
    if let cut = name.lastIndex(of: "/") { try makeFolder(String(name[..<cut])) }
    try AtomicFile.write(bytes, to: "\(temporaryPath)/\(name)")
  }

  /// Makes a folder in the folder, and those on the way to it.
  public func makeFolder(_ name: String) throws(FileError) {
    for cut in name.indices.filter({ name[$0] == "/" }) + [name.endIndex] {
      let folder = String(name[..<cut])
      if folders.contains(folder) { continue }
      guard mkdir("\(temporaryPath)/\(folder)", 0o777) == 0 || errno == EEXIST else {
        throw FileError(path: path, .unwritable(String(cString: strerror(errno))))
      }
      folders.append(folder)
    }
  }

  /// Gives the folder its name; a folder that had it is removed afterwards.
  public func commit() throws(FileError) {
    for folder in folders.map({ "\(temporaryPath)/\($0)" }) + [temporaryPath] {
      let descriptor = open(folder, O_RDONLY)
      guard descriptor >= 0 else { continue }
      fsync(descriptor)
      close(descriptor)
    }
    // For a moment neither has the name: both stay, whatever happens.
    UnfinishedPaths.forget(temporaryPath)
    let old = temporaryPath + ".old"
    var status = stat()
    let replaces = stat(path, &status) == 0
    if replaces, rename(path, old) != 0 {
      throw FileError(path: path, .unwritable(String(cString: strerror(errno))))
    }
    guard rename(temporaryPath, path) == 0 else {
      let reason = String(cString: strerror(errno))
      if replaces { rename(old, path) }
      throw FileError(path: path, .unwritable(reason))
    }
    isCommitted = true
    AtomicFile.sync(folderOf: path)
    if replaces { FolderListing.remove(old) }
  }
}
