import KerasCore
import KerasFile

/// How the projections of an attention are quantized, which Keras leaves out of the file after `quantize`.
///
/// `model.quantize` (Keras 3.15.1) changes the layers inside an attention, whose config goes on saying float32: Keras
/// writes the quantized variables and cannot read them back. Their types and shapes tell the mode; inputs are taken to be
/// quantized as the mode does by default.
enum LostAttentionPolicies {
  private static let projections = ["query", "key", "value", "gate"]

  static func fill(in canonical: inout CanonicalModel, from source: ModelSource) {
    guard case .paths(let groups) = source.weights else { return }
    let arrays = Dictionary(groups.map { ($0.name, $0.arrays) }, uniquingKeysWith: { first, _ in first })
    var found: [(layer: String, mode: String)] = []
    canonical.config = filled(canonical.config, "", arrays, &found)
    for (layer, mode) in found {
      canonical.diagnostics.append(
        Diagnostic(
          rule: "attention-policy-recovered", severity: .warning, layer: layer,
          location: SourceLocation(file: source.file, container: source.configContainer),
          message: "the file does not say that the attention's projections are quantized, so Keras does not read it; "
            + "its variables tell that they are, as \(mode)."))
    }
  }

  /// `path` names the model's object; its layers' are named by their classes, counted.
  private static func filled(
    _ model: JSON, _ path: String, _ arrays: [String: [StoredArray]], _ found: inout [(layer: String, mode: String)]
  ) -> JSON {
    var model = model
    guard var config = model["config"]?.objectValue, let layers = config["layers"]?.arrayValue else { return model }
    var counts: [String: Int] = [:]
    var changed: [JSON] = []
    for var layer in layers {
      let className = layer["class_name"]?.stringValue ?? ""
      let base = SavedLayer.snakeCase(className)
      let count = counts[base, default: 0]
      counts[base] = count + 1
      let folder = path + "layers/\(base)" + (count > 0 ? "_\(count)" : "")
      layer = filled(layer, folder + "/", arrays, &found)
      let prefix = className == "MultiHeadAttention" ? "" : className == "GroupQueryAttention" ? "_" : nil
      if let prefix, var fields = layer["config"]?.objectValue, fields["dtype"] ?? "float32" == "float32",
        let name = layer["name"]?.stringValue
      {
        var policies: JSON = .object([:])
        var last: String?
        for projection in projections + ["output"] {
          let holder = (projection == "gate" ? "_" : prefix) + projection + "_dense"
          guard let mode = mode(of: arrays["\(folder)/\(holder)"] ?? []) else { continue }
          policies["\(name)/\(projection == "output" ? "attention_output" : projection)"] = policy(mode)
          last = mode
        }
        if let last {
          fields["dtype"] = [
            "module": "keras.dtype_policies", "class_name": "DTypePolicyMap",
            "config": ["default_policy": nil, "policy_map": policies], "registered_name": nil,
          ]
          layer["config"] = .object(fields)
          found.append((name, last))
        }
      }
      changed.append(layer)
    }
    config["layers"] = .array(changed)
    model["config"] = .object(config)
    return model
  }

  /// The mode of a projection's variables in the order Keras stores them; `nil` if they are floats.
  private static func mode(of arrays: [StoredArray]) -> String? {
    guard let kernel = arrays.first else { return nil }
    // Two scales, two histories of magnitudes, and those of the gradient.
    if kernel.dtype.isFloatingPoint { return arrays.count >= 7 ? "float8" : nil }
    guard kernel.dtype == .int8 else { return nil }
    if kernel.shape.count > 2 { return "int8" }
    // Packed to a matrix; the scales of groups of rows have zero points and the rows' groups behind them.
    guard let places = arrays.last, arrays.count >= 4, places.shape.count == 1 else { return "int4/-1" }
    let block = (try? places.read().int32s())?.firstIndex { $0 != 0 }
    return "int4/\(block ?? 128)"
  }

  private static func policy(_ mode: String) -> JSON {
    let className =
      mode == "float8" ? "QuantizedFloat8DTypePolicy" : mode == "int8" ? "QuantizedDTypePolicy" : "Int4DTypePolicy"
    return [
      "module": "keras.dtype_policies", "class_name": .string(className),
      "config": ["mode": .string(mode), "source_name": "float32"], "registered_name": nil,
    ]
  }
}
