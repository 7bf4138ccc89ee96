import Foundation
import KerasCore
import KerasFile
import ZipArchive

/// Recorded models with the outputs that their release computed: the other proofs of layers.
///
/// Of folders by release, `RELEASE/CASE.npz` beside a model or its architecture, as `Tools/fixtures/legacy_layers.py` writes
/// them; and of folders and archives about one subject, whose files name the release before the case (`keras-3_hash.keras`)
/// or are all of the release that the archive is named after. HDF5 members of archives are not looked into.
public struct LayerRecordings: Sendable {
  /// Where a class is shown.
  public struct Proof: Sendable, Hashable {
    /// The case's name.
    public var name: String
    /// From the top of the project on: `fixtures/legacy_layers/keras-0.2.0/images.json`.
    public var path: String
  }

  /// Release → class name → the proof, of folders by release.
  public private(set) var files: [String: [String: Proof]] = [:]
  /// The same of those about one subject.
  public private(set) var subjects: [String: [String: Proof]] = [:]

  public init(paths: [String]) throws(KerasKitError) {
    for path in paths {
      let link = path.range(of: "fixtures/", options: .backwards).map { String(path[$0.lowerBound...]) } ?? path
      if path.hasSuffix(".zip") {
        try addArchive(path, link: link)
      } else {
        try addFolder(path, link: link)
      }
    }
  }

  private static let models = [".json", ".keras", ".h5"]

  private mutating func addFolder(_ folder: String, link: String) throws(KerasKitError) {
    for name in try KerasKitError.wrap({ try FolderListing.names(in: folder) }).sorted() {
      if Self.models.contains(where: name.hasSuffix) {
        let source = try KerasKitError.wrap { try ModelFile.open("\(folder)/\(name)") }
        addSubject(name, source.config, path: "\(link)/\(name)", release: nil)
        continue
      }
      let names = (try? FolderListing.names(in: "\(folder)/\(name)")) ?? []
      for file in names.sorted() where file.hasSuffix(".npz") {
        let stem = String(file.dropLast(4))
        guard let model = Self.models.map({ stem + $0 }).first(where: names.contains) else { continue }
        let source = try KerasKitError.wrap { try ModelFile.open("\(folder)/\(name)/\(model)") }
        let proof = Proof(name: stem, path: "\(link)/\(name)/\(model)")
        for found in Self.classes(source.config ?? .null) where files[name]?[found] == nil {
          files[name, default: [:]][found] = proof
        }
      }
    }
  }

  private mutating func addArchive(_ path: String, link: String) throws(KerasKitError) {
    let archive = try KerasKitError.wrap { try ZipReader(path: path) }
    let stem = path.split(separator: "/").last?.dropLast(4) ?? ""
    for member in archive.members.map(\.name).sorted() {
      let config: JSON? = try KerasKitError.wrap {
        if member.hasSuffix(".json") { return try JSON(parsing: archive.read(member)) }
        guard member.hasSuffix(".keras") else { return nil }
        let bytes = try archive.read(member)
        return try JSON(parsing: ZipReader(FileContents(bytes), name: member).read("config.json"))
      }
      let release = Self.isRelease(String(stem)) ? String(stem) : nil
      if let config { addSubject(member, config, path: link, release: release) }
    }
  }

  /// Adds a file about one subject; what names no release is no proof.
  private mutating func addSubject(_ file: String, _ config: JSON?, path: String, release: String?) {
    let stem = file.split(separator: ".").dropLast().joined(separator: ".")
    let first = String(stem.prefix { $0 != "_" })
    guard let release = release ?? (Self.isRelease(first) ? first : nil) else { return }
    let name = stem.hasPrefix(release + "_") ? String(stem.dropFirst(release.count + 1)) : stem
    for found in Self.classes(config ?? .null) where subjects[release]?[found] == nil {
      subjects[release, default: [:]][found] = Proof(name: name, path: path)
    }
  }

  private static func isRelease(_ name: String) -> Bool {
    name.hasPrefix("keras-") || name.hasPrefix("tfkeras-")
  }

  /// What a config calls `class_name`; in Keras 0, where there is none, `name`.
  private static func classes(_ config: JSON) -> Set<String> {
    switch config {
    case .array(let elements): elements.reduce(into: []) { $0.formUnion(classes($1)) }
    case .object(let members):
      members.values.reduce(into: Set([(members["class_name"] ?? members["name"])?.stringValue].compactMap { $0 })) {
        $0.formUnion(classes($1))
      }
    default: []
    }
  }
}
