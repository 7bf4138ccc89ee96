import KerasCore
import KerasKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file or folder near its place, which takes it only when all is well.
struct Draft {
  /// Where to write: in a folder of its own beside the place, under the final name, which files beside it may refer to.
  let path: String
  private let home: String
  private let target: String

  init(for path: String) throws(ConversionError) {
    var target = path
    while target.count > 1, target.hasSuffix("/") { target.removeLast() }
    let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? ""
    let name = target.split(separator: "/").last.map { String($0) } ?? target
    self.target = target
    home = "\(folder).draft-\(getpid())-\(name)"
    self.path = "\(home)/\(name)"
    guard folder.isEmpty || FolderListing.isFolder(folder) else {
      throw .inTheWay(path: path, reason: "there is no folder \(folder)")
    }
    Self.removeAbandoned(in: folder, name: name)
    remove()
    guard UnfinishedPaths.begin({ [home] in mkdir(home, 0o777) == 0 ? home : nil }) != nil else {
      throw .inTheWay(path: path, reason: String(cString: strerror(errno)))
    }
  }

  /// Gives what was written its name, in place of what has it.
  ///
  /// Throws if a folder is in the way that holds something else than this format's files.
  func place() throws(ConversionError) {
    // For a moment it holds what was there before.
    UnfinishedPaths.forget(home)
    guard FolderListing.isFolder(path), FolderListing.isFolder(target) else {
      guard !FolderListing.isFolder(target) else { throw .inTheWay(path: target, reason: "it is a folder") }
      // Weights that are too large for the file itself (ONNX).
      if access(path + ".data", F_OK) == 0 { try rename(path + ".data", to: target + ".data") }
      try rename(path, to: target)
      return AtomicFile.sync(folderOf: target)
    }
    let new = Set((try? FolderListing.names(in: path)) ?? [])
    let foreign = ((try? FolderListing.names(in: target)) ?? []).filter { name in
      !new.contains(name) && !Self.derived.contains(name)
        && (Self.ending(name) == nil || !new.contains { Self.ending($0) == Self.ending(name) })
    }
    guard foreign.isEmpty else {
      throw .inTheWay(
        path: target, reason: "it is a folder that also holds \(foreign.prefix(3).joined(separator: ", "))")
    }
    let old = path + "-old"
    try rename(target, to: old)
    do {
      try rename(path, to: target)
    } catch {
      try? rename(old, to: target)
      throw error
    }
    AtomicFile.sync(folderOf: target)
    FolderListing.remove(old)
  }

  /// Removes what is left of it.
  func remove() {
    FolderListing.remove(home)
    UnfinishedPaths.forget(home)
  }

  /// Removes what conversions that were killed left beside the place.
  private static func removeAbandoned(in folder: String, name: String) {
    let (prefix, suffix) = (".draft-", "-\(name)")
    for entry in (try? FolderListing.names(in: folder.isEmpty ? "." : folder)) ?? [] {
      guard entry.hasPrefix(prefix), entry.hasSuffix(suffix),
        let process = Int32(entry.dropFirst(prefix.count).dropLast(suffix.count)), process > 0,
        kill(process, 0) == -1, errno == ESRCH
      else { continue }
      FolderListing.remove(folder + entry)
    }
  }

  private func rename(_ old: String, to new: String) throws(ConversionError) {
    #if canImport(Glibc)
      let status = Glibc.rename(old, new)
    #elseif canImport(Musl)
      let status = Musl.rename(old, new)
    #else
      let status = Darwin.rename(old, new)
    #endif
    guard status == 0 else { throw .inTheWay(path: new, reason: String(cString: strerror(errno))) }
  }

  /// What a build leaves in a Swift package.
  private static let derived: Set<String> = [".build", ".swiftpm", "Package.resolved"]

  private static func ending(_ name: String) -> Substring? {
    name.lastIndex(of: ".").map { name[$0...] }
  }
}
