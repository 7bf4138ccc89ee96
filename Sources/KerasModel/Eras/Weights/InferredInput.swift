import KerasCore
import KerasFile
import OrderedCollections

/// The input shape of a Sequential whose file does not state it, from the first weights.
///
/// tf.keras before 2.2 saved models built by their first batch without that batch's shape.
enum InferredInput {
  /// Layers that leave the shape as it is and have no weights that tell it.
  private static let transparent: Set<String> = [
    "Dropout", "Activation", "ActivityRegularization", "GaussianNoise", "GaussianDropout", "AlphaDropout", "Masking",
  ]

  static func fill(in canonical: inout CanonicalModel, from weights: StoredWeights, file: String) {
    guard canonical.config["class_name"] == "Sequential", var config = canonical.config["config"]?.objectValue,
      let layers = config["layers"]?.arrayValue, layers.first?["class_name"] != "InputLayer",
      let first = layers.first(where: { !transparent.contains($0["class_name"]?.stringValue ?? "") }),
      let name = first["name"]?.stringValue, let kernel = kernel(of: first, name: name, in: weights),
      let shape = batchShape(first, kernel: kernel)
    else { return }
    let input: OrderedDictionary<String, JSON> = [
      "batch_shape": shape, "dtype": "float32", "sparse": false, "name": .string(name + "_input"),
    ]
    let pointer = first["source_pointer"] ?? ""
    config["layers"] = .array(
      [
        [
          "module": "keras.layers", "class_name": "InputLayer", "config": .object(input), "registered_name": nil,
          "name": .string(name + "_input"), "source_pointer": pointer,
        ]
      ] + layers)
    canonical.config["config"] = .object(config)
    let location = SourceLocation(file: file, pointer: JSONPointer(parsing: pointer.stringValue ?? ""))
    canonical.provenance.append(
      Provenance(
        kind: .defaulted, rule: "input-shape-inferred", layer: name, location: location, newKey: "batch_shape",
        newValue: shape))
    canonical.diagnostics.append(
      Diagnostic(
        rule: "input-shape-inferred", severity: .note, layer: name, location: location,
        message: "The file does not state the model's input shape; its first weights make it \(shape.text())."))
  }

  private static func kernel(of layer: JSON, name: String, in weights: StoredWeights) -> [Int]? {
    switch weights {
    case .none: return nil
    case .groups(let groups):
      let stored = groups.filter { !$0.arrays.isEmpty }
      return (stored.first { $0.name == name } ?? stored.first)?.arrays.first?.shape
    case .paths(let objects):
      let base = SavedLayer.snakeCase(layer["class_name"]?.stringValue ?? "")
      return objects.first { $0.name.hasSuffix("/" + base) || $0.name.hasSuffix("/\(base)/cell") }?.arrays.first?.shape
    }
  }

  private static func batchShape(_ layer: JSON, kernel: [Int]) -> JSON? {
    let className = layer["class_name"]?.stringValue ?? ""
    switch className {
    case "Dense": return kernel.first.map { [nil, JSON($0)] }
    case "LSTM", "GRU", "SimpleRNN": return kernel.first.map { [nil, nil, JSON($0)] }
    case "Embedding": return [nil, layer["config"]?["input_length"] ?? nil]
    default:
      guard LayerAxes.isConvolution(className), let rank = LayerAxes.spatialRank(of: className),
        kernel.count == rank + 2
      else { return nil }
      let channels = JSON(LayerAxes.isTransposed(className) ? kernel[rank + 1] : kernel[rank])
      let space = [JSON](repeating: .null, count: rank)
      return layer["config"]?["data_format"] == "channels_first"
        ? .array([nil, channels] + space) : .array([nil] + space + [channels])
    }
  }
}
