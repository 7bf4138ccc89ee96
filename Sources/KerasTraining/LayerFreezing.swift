import KerasCore

/// Sets `trainable` on the layers of a canonical config whose paths match patterns, as `layer.trainable = False` does.
///
/// `*` stands for any characters, also `/`, and `?` for one. A nested model is a layer whose own path can match too.
struct LayerFreezing {
  var freeze: [String]
  var unfreeze: [String]

  func applied(to config: JSON) -> JSON {
    guard !freeze.isEmpty || !unfreeze.isEmpty else { return config }
    return model(config, path: [])
  }

  private func model(_ json: JSON, path: [String]) -> JSON {
    guard var config = json["config"], let layers = config["layers"]?.arrayValue else { return json }
    config["layers"] = .array(layers.map { layer($0, path: path) })
    var result = json
    result["config"] = config
    return result
  }

  private func layer(_ json: JSON, path: [String]) -> JSON {
    guard let name = json["name"]?.stringValue ?? json["config"]?["name"]?.stringValue else { return json }
    let own = path + [name]
    let text = own.joined(separator: "/")
    var result = model(json, path: own)
    let isFrozen = freeze.contains { GlobPattern($0).matches(text) }
    let isUnfrozen = unfreeze.contains { GlobPattern($0).matches(text) }
    if isFrozen || isUnfrozen, var config = result["config"] {
      config["trainable"] = .bool(isUnfrozen)
      result["config"] = config
    }
    return result
  }
}

/// A shell-like pattern of `*` and `?`.
struct GlobPattern {
  private let pattern: [Character]

  init(_ text: String) { pattern = Array(text) }

  func matches(_ text: String) -> Bool {
    let text = Array(text)
    var (p, t) = (0, 0)
    var star: (pattern: Int, text: Int)?
    while t < text.count {
      if p < pattern.count, pattern[p] == "*" {
        star = (p, t)
        p += 1
      } else if p < pattern.count, pattern[p] == "?" || pattern[p] == text[t] {
        p += 1
        t += 1
      } else if let retry = star {
        p = retry.pattern + 1
        t = retry.text + 1
        star = (retry.pattern, retry.text + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
  }
}
