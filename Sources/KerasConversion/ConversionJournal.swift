import KerasCore

/// What earlier runs of a batch wrote into a folder: a line of JSON for each.
struct ConversionJournal {
  static let name = ".keraskit-conversions.jsonl"

  private let path: String
  private var lines: [JSON] = []

  /// Reads what there is; lines that are no JSON are dropped.
  init(in folder: String) throws(ConversionError) {
    path = "\(folder)/\(Self.name)"
    guard let contents = try? FileContents(path: path) else { return }
    lines = String(decoding: contents.array(), as: UTF8.self).split(separator: "\n").compactMap {
      try? JSON(parsing: Array($0.utf8))
    }
  }

  func has(source: String, digest: String, options: String, target: String) -> Bool {
    lines.last { $0["target"]?.stringValue == target } == line(source, digest, options, target)
  }

  func wrote(_ target: String) -> Bool { lines.contains { $0["target"]?.stringValue == target } }

  /// Adds a line and writes all anew, so that a run that is killed leaves whole lines.
  mutating func append(source: String, digest: String, options: String, target: String) throws {
    lines.removeAll { $0["target"]?.stringValue == target }
    lines.append(line(source, digest, options, target))
    let file = try AtomicFile(replacing: path)
    try file.write(Array(lines.map { $0.text() + "\n" }.joined().utf8))
    try file.commit()
  }

  private func line(_ source: String, _ digest: String, _ options: String, _ target: String) -> JSON {
    [
      "source": .string(source), "sha256": .string(digest), "options": .string(options), "target": .string(target),
    ]
  }
}
