import KerasCore

/// The other half of a file that holds weights or an architecture only, where it lies beside it.
///
/// People saved `model.json` with `model.h5`, `model_weights.h5`, `weights.h5` …: names are compared without such words.
public enum ModelPartner {
  /// What a found partner makes of a source; unchanged if the source is whole or nothing beside it fits.
  ///
  /// Throws if several files fit, listing them. With `isLenient` an architecture is completed only by weights of its own
  /// name, and stays as it is if several are.
  public static func completed(_ source: ModelSource, isLenient: Bool = false) throws(KerasFileError) -> ModelSource {
    let wantsWeights: Bool
    switch (source.config, source.weights) {
    case (nil, .none), (.some, .groups), (.some, .paths): return source
    case (.some, .none): wantsWeights = true
    case (nil, _): wantsWeights = false
    }
    let isLenient = isLenient && wantsWeights
    let found = candidates(for: source.file, wantsWeights: wantsWeights, tierCount: isLenient ? 2 : 4)
    guard let partner = found.first else { return source }
    guard found.count == 1 else {
      if isLenient { return source }
      let what = wantsWeights ? "weights" : "an architecture"
      throw KerasFileError(
        file: source.file,
        .missing(
          "its other half (several files beside it could be \(what): "
            + found.joined(separator: ", ") + "; name one with --config and --weights), which"))
    }
    var whole =
      wantsWeights
      ? try ModelFile.open(config: source.file, weights: partner)
      : try ModelFile.open(config: partner, weights: source.file)
    whole.diagnostics.append(
      Diagnostic(
        rule: "partner-found", severity: .note, location: SourceLocation(file: partner),
        message: "\(source.file) holds \(wantsWeights ? "an architecture" : "weights") only; "
          + "its \(wantsWeights ? "weights are" : "architecture is") taken from \(partner) beside it."))
    return whole
  }

  /// The files beside `path` that fit best; of several that fit as well, all.
  private static func candidates(for path: String, wantsWeights: Bool, tierCount: Int) -> [String] {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? ""
    let name = FileName(slash.map { String(path[path.index(after: $0)...]) } ?? path)
    let endings = wantsWeights ? FileName.weightEndings : FileName.configEndings
    let names = (try? FolderListing.names(in: folder.isEmpty ? "." : folder, limit: 10_000)) ?? []
    let all = names.filter { !$0.hasPrefix(".") }.map { FileName($0) }
      .filter { $0.text != name.text && endings.contains($0.ending) }
    // From the surest to the least sure; the last is a folder with a single file of that kind.
    let tiers: [(FileName) -> Bool] = [
      { $0.stem == name.stem }, { $0.subject == name.subject }, { $0.subject.isEmpty }, { _ in true },
    ]
    for (rank, fits) in tiers.prefix(tierCount).enumerated() {
      let fitting = all.filter(fits).prefix(64).filter {
        isPartner(folder + $0.text, wantsWeights: wantsWeights, isSameStem: rank == 0)
      }
      guard let first = fitting.first else { continue }
      // The same architecture as JSON and as YAML is one architecture.
      if !wantsWeights, fitting.allSatisfy({ $0.stem == first.stem }) { return [folder + first.text] }
      return fitting.map { folder + $0.text }
    }
    return []
  }

  /// Whether a file holds just what is wanted, by its content; whole models count as weights for the same stem only.
  private static func isPartner(_ path: String, wantsWeights: Bool, isSameStem: Bool) -> Bool {
    guard let source = try? ModelFile.open(path) else { return false }
    let hasWeights = if case .none = source.weights { false } else { true }
    return wantsWeights ? hasWeights && (source.config == nil || isSameStem) : source.config != nil && !hasWeights
  }
}

/// A file's name taken apart: `digits_weights.best.h5` is about `digits`.
private struct FileName {
  static let configEndings: Set<String> = ["json", "yaml", "yml"]
  static let weightEndings: Set<String> = ["h5", "hdf5", "hdf", "keras", "weights.json", "npz", "ckpt"]
  /// Words that say what kind of file it is and not which model.
  private static let kinds: Set<String> = [
    "model", "weights", "weight", "w", "arch", "architecture", "config", "json", "yaml", "best", "final", "trained",
    "params", "structure", "topology", "network", "definition", "def", "checkpoint", "ckpt", "last", "h5",
  ]

  let text: String
  let ending: String
  /// The name without its ending, and without `.weights` before it.
  let stem: String
  /// The stem's words but those of `kinds`, in lower case.
  let subject: [Substring]

  init(_ text: String) {
    self.text = text
    var stem = Substring(text)
    var ending = ""
    if let dot = text.lastIndex(of: "."), dot > text.startIndex {
      ending = text[text.index(after: dot)...].lowercased()
      stem = text[..<dot]
    }
    if stem.lowercased().hasSuffix(".weights") {
      if ending == "json" { ending = "weights.json" }
      stem = stem.dropLast(".weights".count)
    }
    self.ending = ending
    self.stem = String(stem)
    let words = stem.lowercased().split { "_-. ".contains($0) }
    subject = words.filter { !Self.kinds.contains(String($0)) }.map { Substring($0) }
  }
}
