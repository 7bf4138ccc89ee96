import KerasCore
import KerasFile

/// The models in a folder, told by content; what is only called one is there too, so that it is not missed in silence.
enum ModelFolder {
  struct Candidate: Sendable, Hashable {
    /// Relative to the folder.
    var path: String
    /// JSON or YAML, which may be anything and whose weights are elsewhere.
    var isText: Bool
  }

  /// Files that look like models, and folders that are one (SavedModels, unzipped archives); texts last in each folder.
  ///
  /// Names that begin with a dot and links are passed over. Throws `FileError` if a folder cannot be read.
  static func candidates(in folder: String) throws(FileError) -> [Candidate] {
    var found: [Candidate] = []
    try collect(folder, "", depth: 0, into: &found)
    return found
  }

  private static let endings = [".h5", ".hdf5", ".keras"]

  private static func collect(
    _ folder: String, _ prefix: String, depth: Int, into found: inout [Candidate]
  ) throws(FileError) {
    guard depth < 64 else { throw FileError(path: folder, .unreadable("folders lie \(depth) deep in each other")) }
    var texts: [Candidate] = []
    for name in try FolderListing.names(in: folder) where !name.hasPrefix(".") {
      let path = "\(folder)/\(name)"
      if FolderListing.link(at: path) != nil { continue }
      if FolderListing.isFolder(path) {
        let inside = Set(try FolderListing.names(in: path))
        if inside.contains("saved_model.pb") || inside.isSuperset(of: ["config.json", "metadata.json"]) {
          found.append(Candidate(path: prefix + name, isText: false))
        } else {
          try collect(path, "\(prefix)\(name)/", depth: depth + 1, into: &found)
        }
        continue
      }
      switch (try? FileContents(path: path))?.withBytes({ ContainerKind($0) }) {
      case .hdf5: found.append(Candidate(path: prefix + name, isText: false))
      case .json, .yaml, .safetensors: texts.append(Candidate(path: prefix + name, isText: true))
      case .zip, .unknown, nil:
        guard endings.contains(where: { name.lowercased().hasSuffix($0) }) else { continue }
        found.append(Candidate(path: prefix + name, isText: false))
      }
    }
    found += texts
  }
}
