import KerasCore

/// Sets `trainable` on the layers of a canonical config whose paths match patterns, as `layer.trainable = False` does.
///
/// `*` stands for any characters, also `/`, and `?` for one. A nested model is a layer whose own path can match too; where
/// only layers inside a frozen one are unfrozen, the model counts as trainable and its other layers stay frozen.
struct LayerFreezing {
  private let freeze: [(text: String, glob: GlobPattern)]
  private let unfreeze: [(text: String, glob: GlobPattern)]

  init(freeze: [String], unfreeze: [String]) {
    self.freeze = freeze.map { ($0, GlobPattern($0)) }
    self.unfreeze = unfreeze.map { ($0, GlobPattern($0)) }
  }

  /// Throws `TrainingError.noSuchLayer` for a pattern that matches nothing.
  func applied(to config: JSON) throws(TrainingError) -> JSON {
    guard !freeze.isEmpty || !unfreeze.isEmpty else { return config }
    let paths = paths(in: config, path: [])
    for (text, glob) in freeze + unfreeze where !paths.contains(where: { glob.matches($0) }) {
      throw .noSuchLayer(pattern: text, available: paths)
    }
    return model(config, path: [], inheritsFrozen: false)
  }

  private func name(_ json: JSON) -> String? { json["name"]?.stringValue ?? json["config"]?["name"]?.stringValue }

  /// The paths of all layers below a model.
  private func paths(in json: JSON, path: [String]) -> [String] {
    (json["config"]?["layers"]?.arrayValue ?? []).flatMap { layer -> [String] in
      guard let name = name(layer) else { return [] }
      return [(path + [name]).joined(separator: "/")] + paths(in: layer, path: path + [name])
    }
  }

  private func model(_ json: JSON, path: [String], inheritsFrozen: Bool) -> JSON {
    guard var config = json["config"], let layers = config["layers"]?.arrayValue else { return json }
    config["layers"] = .array(layers.map { layer($0, path: path, inheritsFrozen: inheritsFrozen) })
    var result = json
    result["config"] = config
    return result
  }

  private func layer(_ json: JSON, path: [String], inheritsFrozen: Bool) -> JSON {
    guard let name = name(json), var config = json["config"] else { return json }
    let own = path + [name]
    let text = own.joined(separator: "/")
    let isUnfrozen = unfreeze.contains { $0.glob.matches(text) }
    let isFrozen =
      !isUnfrozen
      && (inheritsFrozen || freeze.contains { $0.glob.matches(text) } || config["trainable"] == false)
    let opensInside =
      isFrozen && paths(in: json, path: own).contains { inner in unfreeze.contains { $0.glob.matches(inner) } }
    var result = json
    if isFrozen || isUnfrozen {
      config["trainable"] = .bool(!isFrozen || opensInside)
      result["config"] = config
    }
    return model(result, path: own, inheritsFrozen: opensInside)
  }
}
