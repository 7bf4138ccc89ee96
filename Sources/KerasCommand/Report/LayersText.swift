import KerasCore
import KerasKit
import KerasModel
import OrderedCollections

/// The table of layers and releases.
enum LayersText {
  /// `0.1.3 – 3.15.1`, or the single release; gaps of releases that were read are not shown.
  static func span(_ entry: LayerHistory.Entry) -> String {
    let present = LayerHistory.releases.indices.filter { entry.existed(at: $0) }
    guard let first = present.first, let last = present.last else { return "" }
    let names = LayerHistory.releases
    return first == last ? names[first] : "\(names[first]) – \(names[last])"
  }

  /// A release in the table, with what is recorded of it.
  private struct Column {
    var name: String
    var version: [Int]
    var cases: LayerCases.Release?
    var files: [String: LayerRecordings.Proof]

    /// The place in `LayerHistory.releases`.
    var place: Int? {
      guard version.count >= 2 else { return nil }
      let short = "\(version[0]).\(version[1])"
      let names = LayerHistory.releases
      // tf.keras 1.15 stamps its files 2.2.4-tf; 2.5 has the layers of 2.4, the nearest release that was read.
      if name == "tfkeras-1.15" { return names.firstIndex(of: "tf 1.15") }
      if name.hasPrefix("tfkeras") { return names.firstIndex(of: "tf " + short) ?? names.firstIndex(of: "tf 2.4") }
      return names.firstIndex { $0 == short || $0.hasPrefix(short + ".") }
    }
  }

  private static func columns(_ cases: LayerCases, _ recordings: LayerRecordings?) -> [Column] {
    let files = recordings?.files ?? [:]
    let names = Set(cases.releases.map(\.name)).union(files.keys)
    return names.map { name in
      let release = cases.releases.first { $0.name == name }
      let stated = release?.keras ?? String(name.split(separator: "-").dropFirst().first ?? "")
      let version = stated.split(separator: "-")[0].split(separator: ".").compactMap { Int($0) }
      let subjects = recordings?.subjects[name] ?? [:]
      return Column(
        name: name, version: version, cases: release, files: (files[name] ?? [:]).merging(subjects) { own, _ in own })
    }.sorted { $0.version == $1.version ? $0.name < $1.name : $0.version.lexicographicallyPrecedes($1.version) }
  }

  private static func proof(
    _ entry: LayerHistory.Entry, _ release: LayerCases.Release
  ) -> (model: String, layer: String)? {
    for name in [entry.name] + entry.aliases {
      if let proof = release.proof(of: name) { return proof }
    }
    return nil
  }

  static func markdown(_ cases: LayerCases, _ recordings: LayerRecordings?) -> String {
    let columns = columns(cases, recordings)
    var lines = [
      "# Layers", "",
      "Every stock layer class of Keras 0.1 to 3.15, in which releases it existed, what becomes of it here, and the recorded",
      "case that proves it: a model that this release saved, with the outputs it computed, compared within 1e-5 by",
      "`EveryLayerTests` (layers), `LegacyLayerTests` (legacy_layers) and the tests of each subject (preprocessing, crossings,",
      "quantized). A dash means that the release had the class and no case of it is linked there; an empty cell that the",
      "release did not have it. Made by `Tools/layers-table`; do not edit.", "",
    ]
    lines.append("| layer | in Keras | here | " + columns.map(\.name).joined(separator: " | ") + " |")
    lines.append("|" + String(repeating: "---|", count: 3 + columns.count))
    for entry in LayerHistory.entries {
      var cells = [entry.name, span(entry), LayerSupport.of(entry.name).text]
      for column in columns {
        if let release = column.cases, let proof = proof(entry, release) {
          cells.append("[\(proof.model): \(proof.layer)](../fixtures/layers/\(release.name).zip)")
        } else if let proof = ([entry.name] + entry.aliases).compactMap({ column.files[$0] }).first {
          cells.append("[\(proof.name)](../\(proof.path))")
        } else {
          cells.append(column.place.map { entry.existed(at: $0) } ?? false ? "–" : "")
        }
      }
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n")
  }

  static func json(_ cases: LayerCases) -> JSON {
    .array(
      LayerHistory.entries.map { entry in
        var proofs: OrderedDictionary<String, JSON> = [:]
        for release in cases.releases {
          if let proof = proof(entry, release) { proofs[release.name] = .string("\(proof.model): \(proof.layer)") }
        }
        return [
          "class_name": .string(entry.name), "aliases": .array(entry.aliases.map { .string($0) }),
          "releases": .array(
            LayerHistory.releases.indices.filter { entry.existed(at: $0) }.map { .string(LayerHistory.releases[$0]) }),
          "support": .string(LayerSupport.of(entry.name).text), "proofs": .object(proofs),
        ]
      })
  }
}
