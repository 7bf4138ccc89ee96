import KerasCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A folder for what is unpacked, which goes with the object.
public final class ScratchFolder {
  public let path: String

  /// Makes a folder that only this user can enter, in `parent` or in the system's place for temporary files.
  public init(in parent: String? = nil) throws(FileError) {
    let parent = parent ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/keraskit-audit-XXXXXX".utf8CString)
    guard let made = UnfinishedPaths.begin({ mkdtemp(&template).map { String(cString: $0) } }) else {
      throw FileError(path: parent, .unwritable(String(cString: strerror(errno))))
    }
    path = made
  }

  deinit {
    FolderListing.remove(path)
    UnfinishedPaths.forget(path)
  }

  /// A new folder inside.
  func makeFolder(_ name: String) throws(FileError) -> String {
    let inner = "\(path)/\(name)"
    guard mkdir(inner, 0o700) == 0 || errno == EEXIST else {
      throw FileError(path: inner, .unwritable(String(cString: strerror(errno))))
    }
    return inner
  }
}
