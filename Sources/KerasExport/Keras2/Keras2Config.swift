import KerasCore
import OrderedCollections

/// Says a rewritten model in the form of Keras 2: `batch_input_shape`, calls as `[layer, node, tensor, arguments]`.
///
/// The form that 2.15 writes into HDF5 files and `to_json`, but for objects' modules, which it needs of none.
struct Keras2Config {
  let json: JSON

  /// Throws `ExportError` for a call or function that tf.keras 2.15 does not have.
  init(_ model: ModelConfig) throws(ExportError) {
    json = try Self.model(model, path: "", isFrozen: false)
  }

  // MARK: Models

  private static func model(_ model: ModelConfig, path: String, isFrozen: Bool) throws(ExportError) -> JSON {
    let isFrozen = isFrozen || model.fields["trainable"] == false
    var config: OrderedDictionary<String, JSON> = ["name": .string(model.name)]
    if !model.isSequential { config["trainable"] = .bool(!isFrozen) }
    // Calls of a model that begins with its own input count from 1: the first is that input's.
    let counted = Set(model.layers.filter { startsWithInput($0) }.map(\.name))
    func shifted(_ reference: TensorReference) -> TensorReference {
      counted.contains(reference.layer)
        ? TensorReference(reference.layer, reference.node + 1, reference.tensor) : reference
    }
    var layers: [JSON] = []
    for layer in model.layers {
      let here = path.isEmpty ? layer.name : "\(path)/\(layer.name)"
      var call = layer
      call.nodes = layer.nodes.map { $0.replacingTensors { .tensor(shifted($0)) } }
      let operation = try Keras2Operation(call, path: here)
      var json: JSON
      let nodes: [JSON]
      if let operation {
        (json, nodes) = (operation.layer, operation.nodes)
      } else {
        json = try self.layer(layer, path: here, isFrozen: isFrozen)
        nodes = model.isSequential ? [] : try Keras2Nodes.json(of: call, path: here)
      }
      if !model.isSequential {
        json["name"] = .string(layer.name)
        json["inbound_nodes"] = .array(nodes)
      }
      layers.append(json)
    }
    config["layers"] = .array(layers)
    if !model.isSequential {
      config["input_layers"] = .array(model.inputs.map(\.json))
      config["output_layers"] = .array(model.outputs.map { shifted($0).json })
    }
    return ["class_name": model.isSequential ? "Sequential" : "Functional", "config": .object(config)]
  }

  private static func startsWithInput(_ layer: LayerConfig) -> Bool {
    guard let model = layer.model else { return false }
    return !model.isSequential || model.layers.first?.className == "InputLayer"
  }

  // MARK: Layers

  private static func layer(_ layer: LayerConfig, path: String, isFrozen: Bool) throws(ExportError) -> JSON {
    if let model = layer.model { return try self.model(model, path: path, isFrozen: isFrozen) }
    var config: OrderedDictionary<String, JSON> = ["name": .string(layer.name)]
    for (key, value) in layer.fields where key != "name" {
      guard let (name, translated) = try field(key, value, of: layer, path: path) else { continue }
      config[name] = translated
    }
    if isFrozen, layer.className != "InputLayer" { config["trainable"] = false }
    if layer.className == "MultiHeadAttention" {
      // Read without asking whether they are there (from_config of 2.15).
      for key in ["query_shape", "key_shape", "value_shape"] { config[key] = config[key] ?? .null }
    }
    return ["class_name": .string(layer.className), "config": .object(config)]
  }

  /// A field in Keras 2's words; `nil` for one that it does not have and that changes nothing.
  private static func field(
    _ key: String, _ value: JSON, of layer: LayerConfig, path: String
  ) throws(ExportError) -> (String, JSON)? {
    switch key {
    case "keraskit>time_major": return ("time_major", value)
    case _ where key.hasPrefix("keraskit>"): return nil
    case "batch_shape": return ("batch_input_shape", value)
    case "optional", "build_config": return nil
    case "negative_slope" where layer.className == "LeakyReLU": return ("alpha", value)
    case "backward_layer" where value.isNull: return nil
    case "data_format" where layer.className == "ZeroPadding1D":
      guard value != "channels_first" else {
        throw ExportError(
          .notExpressible(what: "ZeroPadding1D with channels_first", reason: "tf.keras 2.15 pads the second axis only"),
          layer: path)
      }
      return nil
    case "dtype": return (key, dtype(value))
    case "seed": return (key, seed(value))
    case "synchronized", "zero_output_for_mask", "renorm":
      return value == true ? (key, value) : nil
    case "renorm_clipping", "renorm_momentum":
      return layer.fields["renorm"] == true ? (key, value) : nil
    case "layer", "backward_layer", "cell":
      return (key, try object(value, path: path))
    case "cells":
      var cells: [JSON] = []
      for cell in value.arrayValue ?? [] { cells.append(try object(cell, path: path)) }
      return (key, .array(cells))
    default: return (key, try translated(value, path: path))
    }
  }

  private static func object(_ json: JSON, path: String) throws(ExportError) -> JSON {
    let inner = try LayerConfig(json, path: path)
    return try layer(inner, path: "\(path)/\(inner.name)", isFrozen: false)
  }

  /// A policy by its name alone where it has one.
  private static func dtype(_ value: JSON) -> JSON {
    guard let name = value["config"]?["name"] else { return value }
    return name
  }

  private static func seed(_ value: JSON) -> JSON {
    value["config"].map { $0["seed"] ?? .null } ?? value
  }

  /// Values, and objects such as initializers by class and config alone.
  private static func translated(_ value: JSON, path: String) throws(ExportError) -> JSON {
    switch value {
    case .string("keraskit>hard_sigmoid"): return "hard_sigmoid"
    case .array(let elements):
      return .array(try elements.map { element throws(ExportError) in try translated(element, path: path) })
    case .object(let members):
      guard let className = members["class_name"]?.stringValue, let config = members["config"] else {
        var result: OrderedDictionary<String, JSON> = [:]
        for (key, member) in members { result[key] = try translated(member, path: path) }
        return .object(result)
      }
      // An activation may be a layer.
      if NewClasses.known.contains(className), config["name"] != nil { return try object(value, path: path) }
      if className == "function" { return config }
      if className == "__tuple__" || className == "__slice__" { return value }
      var fields: OrderedDictionary<String, JSON> = [:]
      for (key, member) in config.objectValue ?? [:] where !["input_axes", "output_axes"].contains(key) {
        fields[key] = key == "seed" ? seed(member) : try translated(member, path: path)
      }
      let bare = className.hasPrefix("keraskit>") ? String(className.dropFirst("keraskit>".count)) : className
      return ["class_name": .string(bare), "config": .object(fields)]
    default: return value
    }
  }
}
