#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What lies in a folder.
public enum FolderListing {
  /// All names but `.` and `..` by code point, as Python sorts them.
  ///
  /// Throws `FileError` if the folder cannot be read, or holds more than `limit` names.
  public static func names(in folder: String, limit: Int = 10_000_000) throws(FileError) -> [String] {
    guard let directory = opendir(folder) else {
      throw FileError(
        path: folder, errno == ENOENT ? .notFound : .unreadable(String(cString: strerror(errno))))
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
      guard names.count <= limit else {
        throw FileError(path: folder, .unreadable("it holds more than \(limit) files"))
      }
    }
    return inOrder(names)
  }

  /// Names in the order of Python's `sorted`.
  public static func inOrder(_ names: [String]) -> [String] {
    names.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
  }

  /// Whether a folder lies at a path, through links.
  public static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Removes a file, or a folder with all it holds, as far as that is allowed; links are removed, not followed.
  public static func remove(_ path: String) {
    if link(at: path) == nil, isFolder(path) {
      for name in (try? names(in: path)) ?? [] { remove("\(path)/\(name)") }
      rmdir(path)
    } else {
      unlink(path)
    }
  }

  /// Where the symbolic link at a path leads, as it says itself; `nil` if it is none.
  public static func link(at path: String) -> String? {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return nil }
    var target = [CChar](repeating: 0, count: 4096)
    let length = target.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.map { readlink(path, $0, buffer.count) } ?? -1
    }
    return length < 0 ? "" : String(decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
