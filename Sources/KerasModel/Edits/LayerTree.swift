import KerasCore

/// The layers of a canonical model with all that stand inside them, by path.
enum LayerTree {
  struct Place {
    /// Names from the outer model on, `encoder/dense_1`; those a wrapper holds below it, `bidirectional_1/lstm`.
    var path: String
    /// The path, and for what a wrapper holds also the wrapper's.
    var names: [String]
  }

  /// The model with every layer object replaced by what `body` makes of it, inner ones first.
  static func mapped<Failure: Error>(
    _ model: JSON, _ body: (Place, JSON) throws(Failure) -> JSON
  ) throws(Failure) -> JSON {
    try mappedLayers(model, within: [""], body)
  }

  private static func mappedLayers<Failure: Error>(
    _ object: JSON, within owners: [String], _ body: (Place, JSON) throws(Failure) -> JSON
  ) throws(Failure) -> JSON {
    guard var config = object["config"] else { return object }
    if let layers = config["layers"]?.arrayValue {
      var result: [JSON] = []
      for layer in layers { result.append(try mappedLayer(layer, within: owners, alias: [], body)) }
      config["layers"] = .array(result)
    }
    for key in ["layer", "backward_layer", "cell"] {
      guard let held = config[key], held["class_name"] != nil else { continue }
      config[key] = try mappedLayer(held, within: owners, alias: owners, body)
    }
    if let cells = config["cells"]?.arrayValue {
      var result: [JSON] = []
      for cell in cells { result.append(try mappedLayer(cell, within: owners, alias: owners, body)) }
      config["cells"] = .array(result)
    }
    var result = object
    result["config"] = config
    return result
  }

  private static func mappedLayer<Failure: Error>(
    _ layer: JSON, within owners: [String], alias: [String], _ body: (Place, JSON) throws(Failure) -> JSON
  ) throws(Failure) -> JSON {
    guard let name = layer["config"]?["name"]?.stringValue ?? layer["name"]?.stringValue else { return layer }
    let names = owners.map { $0.isEmpty ? name : $0 + "/" + name } + alias
    let mapped = try mappedLayers(layer, within: names, body)
    return try body(Place(path: names[0], names: names), mapped)
  }
}
