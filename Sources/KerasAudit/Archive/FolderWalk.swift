import KerasCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Everything below a folder that may be a model, by name only: folders that are one as a whole, and all regular files.
///
/// Links are counted and not followed, so that a walk stays below its folder and ends. `.git` is passed over.
public struct FolderWalk: Sendable {
  /// Sorted, a folder's names in the order of Python's `sorted`.
  public private(set) var paths: [String] = []
  /// Folders that cannot be listed, with the reason.
  public private(set) var unreadable: [(path: String, reason: String)] = []
  /// Symbolic links.
  public private(set) var links = 0

  /// Walks the folder at `root`, which itself may be a link.
  public init(_ root: String) {
    var pending = [root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root]
    while let path = pending.popLast() {
      if path != root, let kind = kind(of: path) {
        if kind == S_IFLNK { links += 1 }
        if kind == S_IFREG { paths.append(path) }
        guard kind == S_IFDIR else { continue }
      }
      do {
        let names = try FolderListing.names(in: path)
        if ModelFolder.isOne(Set(names)) {
          paths.append(path)
        } else {
          let base = path.hasSuffix("/") ? path : path + "/"
          pending += names.reversed().filter { $0 != ".git" }.map { base + $0 }
        }
      } catch {
        unreadable.append((path, error.description))
      }
    }
  }

  /// Whether there is a file or folder of this name.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  private func kind(of path: String) -> mode_t? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }
}
