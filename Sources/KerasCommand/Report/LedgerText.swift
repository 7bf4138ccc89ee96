import KerasKit

/// A ledger for people: layer by layer, keyword by keyword, with the releases that mean the same in one line.
enum LedgerText {
  static func text(_ ledger: Ledger) -> String {
    var parts = [
      Terminal.colored(Terminal.printable(ledger.file), .bold) + " (saved by \(Terminal.printable(ledger.release)))"
    ]
    for layer in ledger.layers { parts.append(text(layer)) }
    if ledger.layers.isEmpty { parts.append("Every word of the config means the same to all these releases.") }
    return parts.joined(separator: "\n\n")
  }

  private static func text(_ layer: Ledger.Layer) -> String {
    let classes =
      layer.savedClass == layer.canonicalClass
      ? layer.canonicalClass : "\(layer.savedClass) → \(layer.canonicalClass)"
    let name = layer.path.isEmpty ? "training and model" : Terminal.printable(layer.path)
    var lines = [Terminal.colored(name, .bold) + (layer.path.isEmpty ? "" : "  " + Terminal.printable(classes))]
    let unset = layer.entries.filter { !$0.differs && $0.saved.hasSuffix(" = null") }
    for entry in layer.entries where entry.differs || !entry.saved.hasSuffix(" = null") { lines += text(entry) }
    if !unset.isEmpty {
      let names = unset.map { entry in
        [entry.saved, entry.canonical].compactMap { $0?.replacing(" = null", with: "") }.joined(separator: " → ")
      }
      lines.append(WrappedText.paragraph(label: "  unset: ", Terminal.printable(names.joined(separator: ", "))))
    }
    return lines.joined(separator: "\n")
  }

  private static func text(_ entry: Ledger.Entry) -> [String] {
    let words = Terminal.printable(entry.saved) + (entry.canonical.map { " → " + Terminal.printable($0) } ?? "")
    guard entry.differs else { return [WrappedText.paragraph(label: "  ", words)] }
    var lines = ["  " + words + (entry.rule.map { "  [\($0)]" } ?? "")]
    var groups: [(text: String, releases: [String], isFiles: Bool, isRefused: Bool)] = []
    for meaning in entry.meanings {
      let name = meaning.release.description + (meaning.isFiles ? " (the file)" : "")
      if let index = groups.firstIndex(where: { $0.text == meaning.text }) {
        groups[index].releases.append(name)
      } else {
        groups.append((meaning.text, [name], meaning.isFiles, meaning.isRefused))
      }
    }
    for group in groups {
      let color: Terminal.Color? = group.isFiles ? nil : group.isRefused ? .red : .yellow
      let names = group.releases.joined(separator: ", ")
      lines.append("    " + (color.map { Terminal.colored(names, $0) } ?? names))
      lines.append(WrappedText.paragraph(label: "        ", group.text))
    }
    return lines
  }
}
