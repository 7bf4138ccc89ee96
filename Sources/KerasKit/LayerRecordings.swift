import KerasCore
import KerasFile

/// Recorded models in folders by release, `RELEASE/CASE.npz` with the outputs beside a model or its architecture, as
/// `Tools/fixtures/legacy_layers.py` writes them: the other proofs of layers, mostly of those that were removed.
public struct LayerRecordings: Sendable {
  /// Release → class name → the file that shows it, from the folder on.
  public private(set) var files: [String: [String: String]] = [:]

  public init(folder: String) throws(KerasKitError) {
    for release in try KerasKitError.wrap({ try FolderListing.names(in: folder) }).sorted() {
      let names = (try? FolderListing.names(in: "\(folder)/\(release)")) ?? []
      var classes: [String: String] = [:]
      for name in names.sorted() where name.hasSuffix(".npz") {
        let stem = String(name.dropLast(4))
        guard let file = ["\(stem).json", "\(stem).keras", "\(stem).h5"].first(where: names.contains) else { continue }
        let source = try KerasKitError.wrap { try ModelFile.open("\(folder)/\(release)/\(file)") }
        for found in Self.classes(source.config ?? .null) where classes[found] == nil {
          classes[found] = "\(release)/\(file)"
        }
      }
      if !classes.isEmpty { files[release] = classes }
    }
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
