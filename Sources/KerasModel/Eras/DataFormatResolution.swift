import KerasCore
import OrderedCollections

/// Fills in the data format of layers whose files do not say it (UpSampling, ZeroPadding, Cropping, SpatialDropout …).
///
/// The format of the model's convolutions and poolings is taken; without any, the release's built-in default: `th` up to
/// 1.0.8, then channels-last.
enum DataFormatResolution {
  static func resolve(_ config: inout JSON, in upgrade: inout ConfigUpgrade) {
    var stated: [String] = []
    visit(config, path: []) { layer, _ in
      let rank = LayerAxes.spatialRank(of: layer["class_name"]?.stringValue ?? "") ?? 1
      if let format = layer["config"]?["data_format"]?.stringValue, rank > 1 {
        stated.append(format)
      }
    }
    let theanoDefault = upgrade.era.dialect <= .keras1 && upgrade.era.version < KerasVersion(1, 1, 0)
    let standard = theanoDefault ? "channels_first" : "channels_last"
    let votes = Set(stated)
    config = fill(
      config, format: { previous in votes.count > 1 ? previous ?? standard : stated.first ?? standard },
      isGuess: stated.isEmpty || votes.count > 1, path: [], in: &upgrade)
  }

  private static func visit(_ model: JSON, path: [String], _ body: (JSON, [String]) -> Void) {
    for layer in model["config"]?["layers"]?.arrayValue ?? [] {
      let name = layer["name"]?.stringValue ?? ""
      body(layer, path + [name])
      visit(layer, path: path + [name], body)
      if let inner = layer["config"]?["layer"] { body(inner, path + [name]) }
    }
  }

  private static func fill(
    _ model: JSON, format: (String?) -> String, isGuess: Bool, path: [String], in upgrade: inout ConfigUpgrade
  ) -> JSON {
    var model = model
    guard var config = model["config"]?.objectValue, let layers = config["layers"]?.arrayValue else { return model }
    var previous: String?
    var filled: [JSON] = []
    for layer in layers {
      let layerPath = path + [layer["name"]?.stringValue ?? ""]
      var layer = fill(layer, format: format, isGuess: isGuess, path: layerPath, in: &upgrade)
      if layer["class_name"] != "Flatten", let own = layer["config"]?["data_format"]?.stringValue { previous = own }
      fillFields(&layer, format(previous), isGuess, layerPath, &upgrade)
      if var inner = layer["config"]?["layer"], var fields = layer["config"]?.objectValue {
        fillFields(&inner, format(previous), isGuess, layerPath, &upgrade)
        fields["layer"] = inner
        layer["config"] = .object(fields)
      }
      filled.append(layer)
    }
    config["layers"] = .array(filled)
    model["config"] = .object(config)
    return model
  }

  private static func fillFields(
    _ layer: inout JSON, _ format: String, _ isGuess: Bool, _ path: [String], _ upgrade: inout ConfigUpgrade
  ) {
    guard var fields = layer["config"]?.objectValue, fields["data_format"]?.isNull == true else { return }
    let rank = LayerAxes.spatialRank(of: layer["class_name"]?.stringValue ?? "") ?? 1
    // Layers over one axis knew no data format before 2.2: always channels-last.
    let format = rank == 1 ? "channels_last" : format
    fields["data_format"] = .string(format)
    layer["config"] = .object(fields)
    let pointer = JSONPointer(parsing: layer["source_pointer"]?.stringValue ?? "")
    upgrade.record(.defaulted, "dim-ordering-missing", path, pointer, new: ("data_format", .string(format)))
    if isGuess, rank > 1, upgrade.era.dialect <= .keras1 {
      upgrade.note(
        "dim-ordering-missing", .warning, path, pointer,
        "The file does not say this layer's data format, and no single format rules the model: \(format) is taken.")
    }
  }
}
