import KerasCore

/// A config that names a file which the loading program reads.
struct AssetPath: SavedTextRule {
  let id = "sec-asset-path"
  let title = "Files that the config has read"
  let severity = Severity.error
  let family = RuleFamily.security
  let consequence = Consequence.security
  let affected = "tf.keras 2.3 and later, Keras 3 up to 3.11.3; refused from 3.12 on unless safe_mode is turned off"
  let explanation = """
    A lookup layer's vocabulary is a list, or the path of a file with one word a line. A path in a config is read when the
    model is built, from wherever it leads: the loader's own files become words of the model, which a program may print or pass
    on, and TensorFlow's file system takes addresses on the network for paths (CVE-2025-12058). Keras 3.12 and later refuse it
    in safe mode (measured: 3.11.3 loads a StringLookup whose vocabulary is /etc/hostname, 3.12.0 refuses). A model that Keras saved has its words in the file: configs hold lists, archives an asset.
    """
  let fix = """
    Put the words into the config, or beside it as Keras does: load the model where the vocabulary is trusted and save it anew.
    """

  /// Fields that are read as files where they are texts.
  private static let vocabularies: Set<String> = ["vocabulary", "idf_weights"]
  private static let paths: Set<String> = [
    "vocabulary_file", "vocab_file", "vocab_path", "vocabulary_path", "merges", "merges_file", "proto", "filename",
    "file_path", "weights_path", "asset_path",
  ]

  func check(_ subject: AuditSubject) -> [Finding] {
    var findings: [Finding] = []
    subject.visitTexts { object in
      guard object.members["class_name"] == nil else { return }
      for (key, value) in object.members {
        guard let path = value.stringValue, !path.isEmpty else { continue }
        guard Self.vocabularies.contains(key) || Self.paths.contains(key) && Self.looksLikePath(path) else { continue }
        findings.append(
          Finding(
            rule: id, severity: Self.leadsOut(path) ? .error : .warning, layer: subject.layer(of: object),
            location: object.location, summary: "\(key) is the path '\(path.prefix(200))'.",
            meansNow: "Keras up to 3.11.3 reads that file while it builds the model; later ones refuse in safe mode.",
            advice: fix))
      }
    }
    return findings
  }

  private static func looksLikePath(_ text: String) -> Bool {
    text.utf8.count < 4096 && (text.contains("/") || text.contains("\\") || text.hasSuffix(".txt"))
  }

  /// Not below the folder that the model is in.
  private static func leadsOut(_ path: String) -> Bool {
    path.hasPrefix("/") || path.hasPrefix("~") || path.hasPrefix("\\") || path.contains("://") || path.contains(":\\")
      || path.split(whereSeparator: { $0 == "/" || $0 == "\\" }).contains("..")
  }
}
