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

  /// The column of `LayerHistory` that a recorded release belongs to.
  private static func column(_ release: LayerCases.Release) -> Int? {
    let parts = release.keras.split(separator: "-")[0].split(separator: ".")
    guard parts.count >= 2 else { return nil }
    let short = "\(parts[0]).\(parts[1])"
    return LayerHistory.releases.firstIndex { $0 == short || $0.hasPrefix(short + ".") }
  }

  private static func proof(
    _ entry: LayerHistory.Entry, _ release: LayerCases.Release
  ) -> (model: String, layer: String)? {
    for name in [entry.name] + entry.aliases {
      if let proof = release.proof(of: name) { return proof }
    }
    return nil
  }

  static func markdown(_ cases: LayerCases) -> String {
    var lines = [
      "# Layers", "",
      "Every stock layer class of Keras 0.1 to 3.15, in which releases it existed, what becomes of it here, and the recorded",
      "case that proves it: a model that this release saved, with the outputs it computed, compared within 1e-5 by",
      "`EveryLayerTests`. A dash means that the release had the class and no case of it is recorded there; an empty cell that",
      "the release did not have it. Made by `keraskit layers --markdown --cases fixtures/layers`; do not edit.", "",
    ]
    let releases = cases.releases
    lines.append("| layer | in Keras | here | " + releases.map(\.name).joined(separator: " | ") + " |")
    lines.append("|" + String(repeating: "---|", count: 3 + releases.count))
    for entry in LayerHistory.entries {
      var cells = [entry.name, span(entry), LayerSupport.of(entry.name).text]
      for release in releases {
        let existed = column(release).map { entry.existed(at: $0) } ?? false
        if let proof = proof(entry, release) {
          cells.append("[\(proof.model): \(proof.layer)](../fixtures/layers/\(release.name).zip)")
        } else {
          cells.append(existed ? "–" : "")
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
