import KerasCore
import KerasFile

/// Vocabularies that a layer learned by `adapt`: Keras writes them beside the config, one token a line.
enum VocabularyAssets {
  private static let classes: Set<String> = ["IntegerLookup", "StringLookup", "TextVectorization"]

  /// Writes each vocabulary among the file's assets into its layer's config.
  static func fill(in canonical: inout CanonicalModel, from source: ModelSource) {
    guard !source.textAssets.isEmpty else { return }
    canonical.config = filled(canonical.config, "assets", source.textAssets)
  }

  /// `path` names the model's folder; its layers' are named by their classes, counted.
  private static func filled(_ model: JSON, _ path: String, _ assets: [String: String]) -> JSON {
    var model = model
    guard var config = model["config"]?.objectValue, let layers = config["layers"]?.arrayValue else { return model }
    var counts: [String: Int] = [:]
    config["layers"] = .array(
      layers.map { layer in
        let className = layer["class_name"]?.stringValue ?? ""
        let base = SavedLayer.snakeCase(className)
        let count = counts[base, default: 0]
        counts[base] = count + 1
        let folder = "\(path)/layers/\(base)" + (count > 0 ? "_\(count)" : "")
        var layer = filled(layer, folder, assets)
        guard classes.contains(className), layer["config"]?["vocabulary"] ?? .null == .null,
          var fields = layer["config"]?.objectValue, let text = assets["\(folder)/vocabulary.txt"]
        else { return layer }
        fields["vocabulary"] = .array(tokens(of: text, areNumbers: className == "IntegerLookup"))
        layer["config"] = .object(fields)
        return layer
      })
    model["config"] = .object(config)
    return model
  }

  private static func tokens(of text: String, areNumbers: Bool) -> [JSON] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { line in
      areNumbers ? Int(line).map { JSON($0) } ?? .string(String(line)) : .string(String(line))
    }
  }
}
