import KerasCore
import OrderedCollections

extension ConfigUpgrade {
  /// The canonical object of a Sequential or Functional model; `path` includes the model's name unless it is the outermost.
  mutating func model(_ saved: SavedLayer, path: [String]) throws(ModelError) -> JSON {
    if saved.className == "Graph" { return try graphModel(saved, path: path) }
    guard let layers = saved.layers else {
      throw ModelError(
        .malformedConfig("a model of class \(saved.className) has no list of layers, so it cannot be rebuilt"),
        location: location(saved.pointer))
    }
    if saved.isSequential {
      if let first = layers.first, try beginsWithMerge(SavedLayer(first.json, at: first.pointer)) {
        return try mergedSequential(saved, path: path)
      }
      return try sequential(saved, layers: layers, path: path)
    }
    return try functional(saved, layers: layers, path: path)
  }

  func modelObject(
    className: String, saved: SavedLayer, config: OrderedDictionary<String, JSON>
  ) -> JSON {
    var fields: OrderedDictionary<String, JSON> = [
      "name": .string(saved.name ?? (className == "Sequential" ? "sequential" : "model")),
      "trainable": saved.fields["trainable"] ?? true,
    ]
    fields.merge(config) { $1 }
    return [
      "module": className == "Sequential" ? "keras" : "keras.src.models.functional", "class_name": .string(className),
      "config": .object(fields), "registered_name": className == "Sequential" ? nil : "Functional",
      "name": fields["name"] ?? nil, "source_pointer": .string(saved.pointer.description),
    ]
  }

  private mutating func sequential(
    _ saved: SavedLayer, layers: [(json: JSON, pointer: JSONPointer)], path: [String]
  ) throws(ModelError) -> JSON {
    var unique = UniqueNames()
    var canonical: [JSON] = []
    for (index, entry) in layers.enumerated() {
      let layerSaved = try SavedLayer(entry.json, at: entry.pointer)
      let name = unique.unique(layerSaved.name ?? SavedLayer.snakeCase(layerSaved.className))
      if index == 0, layerSaved.className != "InputLayer",
        let input = try inputOfFirstLayer(layerSaved, sequential: saved)
      {
        let inputName = unique.unique(name + "_input")
        canonical.append(
          inputObject(name: inputName, shape: input.shape, dtype: input.dtype, pointer: layerSaved.pointer))
        if !layerSaved.isModel {
          record(
            .translated, "input-layer", path + [name], layerSaved.fieldsPointer, new: ("batch_shape", input.shape))
        }
      }
      canonical.append(try layer(layerSaved, name: name, path: path))
    }
    return modelObject(className: "Sequential", saved: saved, config: ["layers": .array(canonical)])
  }

  private mutating func functional(
    _ saved: SavedLayer, layers: [(json: JSON, pointer: JSONPointer)], path: [String]
  ) throws(ModelError) -> JSON {
    var savedLayers: [SavedLayer] = []
    for entry in layers { savedLayers.append(try SavedLayer(entry.json, at: entry.pointer)) }
    let links = Connections(savedLayers, model: saved, dialect: era.dialect)
    var canonical: [JSON] = []
    for layerSaved in savedLayers {
      guard let name = layerSaved.name else {
        throw ModelError(
          .malformedConfig("a layer of class \(layerSaved.className) has no name"),
          location: location(layerSaved.pointer))
      }
      var object = try layer(layerSaved, name: name, path: path)
      do {
        object["inbound_nodes"] = .array(try links.nodes(of: layerSaved))
      } catch {
        throw error.inLayer((path + [name]).joined(separator: "/"))
      }
      canonical.append(object)
    }
    return modelObject(
      className: "Functional", saved: saved,
      config: [
        "layers": .array(canonical),
        "input_layers": .array(try links.inputs(saved.fields["input_layers"], of: savedLayers)),
        "output_layers": .array(try links.ends(saved.fields["output_layers"], field: "output_layers")),
      ])
  }
}

/// A tensor of a Functional model, as canonical configs name it.
enum KerasTensor {
  static func json(_ layer: String, _ node: Int, _ tensor: Int) -> JSON {
    ["class_name": "__keras_tensor__", "config": ["keras_history": [.string(layer), JSON(node), JSON(tensor)]]]
  }
}

/// How the layers of a Functional model were connected, in any era's notation.
///
/// Keras 1, 2 and tf.keras count a nested model's first use as node 1, because the model's own inputs were its node 0; the
/// canonical form counts uses only.
struct Connections {
  private let names: Set<String>
  private let offsets: [String: Int]
  private let outputOffsets: [String: Int]

  init(_ layers: [SavedLayer], model: SavedLayer, dialect: Era.Dialect) {
    names = Set(layers.compactMap(\.name))
    var references: [String: Set<Int>] = [:]
    func collect(_ value: JSON) {
      guard let list = value.arrayValue else {
        if let members = value.objectValue { for member in members.values { collect(member) } }
        return
      }
      if let name = list.first?.stringValue, list.count >= 3, let node = list[1].intValue {
        references[name, default: []].insert(node)
      }
      for element in list { collect(element) }
    }
    for layer in layers { layer.inboundNodes.map(collect) }
    model.fields["output_layers"].map(collect)
    var offsets: [String: Int] = [:]
    var outputs: [String: Int] = [:]
    for layer in layers where layer.isModel {
      guard let name = layer.name else { continue }
      let isCurrent = layer.inboundNodes?[0]?["args"] != nil
      let used = references[name] ?? []
      let counted = used.contains(0) ? 0 : 1
      offsets[name] = isCurrent ? 0 : counted
      // Keras 3 counts from 0 between layers but from 1 in `output_layers` of Functional models.
      outputs[name] = isCurrent ? (layer.className == "Functional" && !(used.contains(0)) ? 1 : 0) : counted
    }
    self.offsets = offsets
    outputOffsets = outputs
  }

  /// The canonical `inbound_nodes`.
  func nodes(of layer: SavedLayer) throws(ModelError) -> [JSON] {
    var nodes: [JSON] = []
    for node in layer.inboundNodes?.arrayValue ?? [] {
      nodes.append(node["args"] != nil ? node : try oldNode(node, className: layer.className))
    }
    return nodes
  }

  private func oldNode(_ node: JSON, className: String) throws(ModelError) -> JSON {
    var entries: [JSON]
    switch node {
    case .array(let list) where list.first?.stringValue != nil: entries = [node]
    case .array(let list): entries = list
    case .object(let members): entries = Array(members.values)
    default: throw malformed(node)
    }
    var kwargs: OrderedDictionary<String, JSON> = [:]
    var tensors: [JSON] = []
    for entry in entries { tensors.append(try self.entry(entry, &kwargs)) }
    if tensors.count > 1, LayerAxes.isRecurrent(className.replacing("CuDNN", with: "")) || className == "Bidirectional",
      kwargs["initial_state"] == nil
    {
      kwargs["initial_state"] = .array(Array(tensors.dropFirst()))
      tensors = [tensors[0]]
    }
    let args: [JSON] = tensors.count == 1 ? tensors : [.array(tensors)]
    return ["args": .array(args), "kwargs": .object(kwargs)]
  }

  /// One entry of a node: `[layer, node, tensor, arguments by name]`, a constant, or a list of entries.
  private func entry(
    _ entry: JSON, _ kwargs: inout OrderedDictionary<String, JSON>
  ) throws(ModelError) -> JSON {
    guard let list = entry.arrayValue else { throw malformed(entry) }
    guard let name = list.first?.stringValue else {
      var elements: [JSON] = []
      for element in list { elements.append(try self.entry(element, &kwargs)) }
      return .array(elements)
    }
    guard list.count >= 3 else { throw malformed(entry) }
    for (key, value) in list.count > 3 ? list[3].objectValue ?? [:] : [:] { kwargs[key] = argument(value) }
    return name == "_CONSTANT_VALUE" ? list[2] : try tensor(entry)
  }

  /// A call argument: a reference `[layer, node, tensor]`, a list of them, or a plain value.
  private func argument(_ value: JSON) -> JSON {
    if let reference = try? tensor(value) { return reference }
    if let list = value.arrayValue, !list.isEmpty { return .array(list.map(argument)) }
    if let members = value.objectValue { return .object(members.mapValues(argument)) }
    return value
  }

  private func tensor(_ entry: JSON) throws(ModelError) -> JSON {
    guard let name = entry[0]?.stringValue, let node = entry[1]?.intValue, let index = entry[2]?.intValue,
      names.contains(name), entry.arrayValue?.count ?? 0 <= 4
    else { throw malformed(entry) }
    return KerasTensor.json(name, max(0, node - (offsets[name] ?? 0)), index)
  }

  /// `input_layers` or `output_layers` as a list of `[layer, node, tensor]`.
  func ends(_ value: JSON?, field: String) throws(ModelError) -> [JSON] {
    switch value {
    case .array(let list) where list.first?.stringValue != nil && list.count == 3 && list[1].intValue != nil:
      return [try end(.array(list))]
    case .array(let list):
      var ends: [JSON] = []
      for element in list { ends += try self.ends(element, field: field) }
      return ends
    case .object(let members):
      var ends: [JSON] = []
      for element in members.values { ends += try self.ends(element, field: field) }
      return ends
    default: throw ModelError(.missingField(field))
    }
  }

  /// As `ends`, each followed back to an InputLayer.
  ///
  /// Keras 1 (engine/topology.py) named the last layer that handed the input on unchanged, an ActivityRegularization or a
  /// linear Activation: both gave the same tensor.
  func inputs(_ value: JSON?, of layers: [SavedLayer]) throws(ModelError) -> [JSON] {
    var byName: [String: SavedLayer] = [:]
    for layer in layers { if let name = layer.name { byName[name] = layer } }
    var results: [JSON] = []
    for given in try ends(value, field: "input_layers") {
      var end = given
      for _ in layers {
        guard let layer = end[0]?.stringValue.flatMap({ byName[$0] }), layer.className != "InputLayer", !layer.isModel,
          let node = try nodes(of: layer).first, let tensor = node["args"]?[0], node["args"]?.arrayValue?.count == 1,
          let history = tensor["config"]?["keras_history"]
        else { break }
        end = history
      }
      results.append(end[0]?.stringValue.flatMap { byName[$0]?.className } == "InputLayer" ? end : given)
    }
    return results
  }

  private func end(_ value: JSON) throws(ModelError) -> JSON {
    guard let name = value[0]?.stringValue, let node = value[1]?.intValue, let index = value[2]?.intValue,
      names.contains(name)
    else { throw malformed(value) }
    return [.string(name), JSON(max(0, node - (outputOffsets[name] ?? 0))), JSON(index)]
  }

  private func malformed(_ value: JSON) -> ModelError {
    ModelError(.malformedConfig("a connection should be [layer, node, tensor] of this model, received \(value.text())"))
  }
}
