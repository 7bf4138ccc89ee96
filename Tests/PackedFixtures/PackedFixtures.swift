import Foundation
import ZipArchive

/// Folders of many small recordings, each kept as one zip beside the loose ones (`Tools/fixtures/pack_folder.py`).
///
/// They are laid out below `.build` when a test first asks, and stay there as long as the zip is the same.
public enum PackedFixtures {
  /// The repository's `fixtures`.
  public static let root: String = {
    let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return parts.dropLast(3).joined(separator: "/") + "/fixtures"
  }()

  private static let lock = NSLock()
  nonisolated(unsafe) private static var unpacked: [String: String] = [:]

  /// Where the contents of `fixtures/NAME.zip` lie, with what stands loose in `fixtures/NAME` over them.
  ///
  /// If the zip cannot be read, a path with nothing behind it and a word on standard error: the tests then fail.
  public static func folder(_ name: String) -> String {
    lock.withLock {
      if let known = unpacked[name] { return known }
      do {
        let path = try unpack(name)
        unpacked[name] = path
        return path
      } catch {
        FileHandle.standardError.write(Data("fixtures/\(name).zip: \(error)\n".utf8))
        return "\(root)/\(name).zip.unreadable"
      }
    }
  }

  /// The path of a fixture, packed or not: `weights_only/keras-2.2.4/by_name.h5`.
  public static func path(_ name: String) -> String {
    let top = name.prefix { $0 != "/" }
    guard FileManager.default.fileExists(atPath: "\(root)/\(top).zip") else { return "\(root)/\(name)" }
    return folder(String(top)) + name.dropFirst(top.count)
  }

  /// Every file of the fixtures, packed ones in place of their zip, as `path` takes them.
  public static func allFiles() -> [String] {
    let loose = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    let packed = loose.filter { $0.hasSuffix(".zip") && !$0.contains("/") }.map { String($0.dropLast(4)) }
    let inside = packed.flatMap { name in
      (FileManager.default.enumerator(atPath: folder(name))?.compactMap { $0 as? String } ?? []).map { "\(name)/\($0)" }
    }
    return loose.filter { file in !packed.contains { file == "\($0).zip" || file.hasPrefix("\($0)/") } } + inside
  }

  /// The path of a member of any zip, laid out when it is first asked for: `layers/keras-3.zip!vector.keras`.
  public static func member(_ name: String) -> String {
    guard let mark = name.range(of: ".zip!") else { return path(name) }
    return folder(String(name[..<mark.lowerBound])) + "/" + name[mark.upperBound...]
  }

  private static func unpack(_ name: String) throws -> String {
    let files = FileManager.default
    let (zip, loose) = ("\(root)/\(name).zip", "\(root)/\(name)")
    let extra = (files.enumerator(atPath: loose)?.compactMap { $0 as? String } ?? []).sorted()
    var stamp = try state(of: zip)
    for file in extra { stamp += "/" + file + (try state(of: "\(loose)/\(file)")) }
    let mark = stamp.utf8.reduce(14_695_981_039_346_656_037 as UInt64) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    let home = String(root.dropLast("fixtures".count)) + ".build/fixtures"
    let target = "\(home)/\(name)-\(String(mark, radix: 16))"
    if files.fileExists(atPath: target) { return target }

    let draft = "\(home)/\(UUID().uuidString)"
    let archive = try ZipReader(path: zip)
    for member in archive.members where !member.name.hasSuffix("/") {
      try write(Data(archive.read(member.name)), to: "\(draft)/\(member.name)")
    }
    for file in extra where (try? files.contentsOfDirectory(atPath: "\(loose)/\(file)")) == nil {
      try write(Data(contentsOf: URL(filePath: "\(loose)/\(file)")), to: "\(draft)/\(file)")
    }
    try files.createDirectory(
      at: URL(filePath: target).deletingLastPathComponent(), withIntermediateDirectories: true)
    do { try files.moveItem(atPath: draft, toPath: target) } catch {
      // Another run of the tests was first.
      try? files.removeItem(atPath: draft)
      guard files.fileExists(atPath: target) else { throw error }
    }
    return target
  }

  /// What changes when a file does.
  private static func state(of path: String) throws -> String {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    let time = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    return " \(attributes[.size] ?? 0) \(time)"
  }

  private static func write(_ data: Data, to path: String) throws {
    let folder = URL(filePath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try data.write(to: URL(filePath: path))
  }
}
