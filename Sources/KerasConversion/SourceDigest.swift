import Crypto
import KerasCore
import KerasFile

/// The SHA-256 of what a model was read from.
public enum SourceDigest {
  /// Of a file, or of a folder: there the digest of `name digest` lines of all files in it, by name.
  ///
  /// Throws `FileError` naming what cannot be read. Links are not followed within a folder.
  public static func sha256(of path: String) throws(FileError) -> String {
    guard FolderListing.isFolder(path) else { return try digest(ofFile: path) }
    var lines = ""
    try append(folder: path, prefix: "", to: &lines)
    return text(SHA256.hash(data: Array(lines.utf8)))
  }

  private static func append(folder: String, prefix: String, to lines: inout String) throws(FileError) {
    for name in try FolderListing.names(in: folder, limit: 100_000) {
      let path = "\(folder)/\(name)"
      if FolderListing.link(at: path) != nil { continue }
      if FolderListing.isFolder(path) {
        try append(folder: path, prefix: "\(prefix)\(name)/", to: &lines)
      } else {
        lines += "\(prefix)\(name) \(try digest(ofFile: path))\n"
      }
    }
  }

  private static func digest(ofFile path: String) throws(FileError) -> String {
    let contents = try FileContents(path: path)
    var hash = SHA256()
    contents.withBytes { bytes in
      // In parts, so that what was hashed of a mapped file may leave the memory again.
      var rest = bytes
      while !rest.isEmpty {
        let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 26))
        hash.update(bufferPointer: part)
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
        contents.releasePages()
      }
    }
    return text(hash.finalize())
  }

  private static func text(_ digest: some Sequence<UInt8>) -> String {
    digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
