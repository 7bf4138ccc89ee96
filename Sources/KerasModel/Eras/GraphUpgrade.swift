import KerasCore
import OrderedCollections

extension ConfigUpgrade {
  /// Keras 0's `Graph` of named nodes, as a Functional model.
  ///
  /// Every output becomes a layer of the output's name, so that data keyed by name finds it.
  mutating func graphModel(_ saved: SavedLayer, path: [String]) throws(ModelError) -> JSON {
    var builder = BranchBuilder(path: path)
    func list(_ key: String) -> [(json: JSON, pointer: JSONPointer)] {
      let base = saved.fieldsPointer.appending(key)
      return (saved.fields[key]?.arrayValue ?? []).enumerated().map { ($1, base.appending($0)) }
    }
    for (json, pointer) in list("input_config") {
      guard let name = json["name"]?.stringValue else {
        throw ModelError(.missingField("name"), location: location(pointer))
      }
      let shape: JSON
      if let batch = json["batch_input_shape"], !batch.isNull {
        shape = batch
      } else if let inner = json["input_shape"]?.arrayValue {
        shape = .array([nil] + inner)
      } else {
        shape = .array(Array(repeating: nil, count: json["ndim"]?.intValue ?? 2))
      }
      builder.inputs.append(builder.names.unique(name))
      builder.add(inputObject(name: name, shape: shape, dtype: json["dtype"], pointer: pointer), from: [])
    }
    for (json, pointer) in list("node_config") {
      guard let name = json["name"]?.stringValue, let node = saved.fields["nodes"]?[name] else {
        throw ModelError(.missingField("nodes"), location: location(pointer))
      }
      let nodePointer = saved.fieldsPointer.appending("nodes").appending(name)
      if node["name"] == "Siamese" {
        try sharedNode(json, node, name: name, at: nodePointer, path: path, into: &builder)
        continue
      }
      if node["name"] == "SiameseHead" {
        guard let shared = json["inputs"]?[0]?.stringValue ?? json["input"]?.stringValue,
          let index = node["head"]?.intValue, let tensors = builder.heads[shared], tensors.indices.contains(index)
        else {
          let head = node["head"] ?? .null
          throw ModelError(.invalidField("head", expected: "an input of the shared node", found: head))
        }
        _ = builder.names.unique(name)
        builder.add(passing(name: name, pointer: nodePointer), reading: [tensors[index]])
        continue
      }
      let source = try graphSource(json, at: pointer, name: name + "_merge", into: &builder)
      _ = builder.names.unique(name)
      builder.add(try layer(SavedLayer(node, at: nodePointer), name: name, path: path), from: [source])
    }
    var outputs: [JSON] = []
    for (json, pointer) in list("output_config") {
      guard let name = json["name"]?.stringValue else {
        throw ModelError(.missingField("name"), location: location(pointer))
      }
      let output = builder.names.unique(name)
      let source = try graphSource(json, at: pointer, name: output, into: &builder)
      if source != output {
        builder.add(passing(name: output, pointer: pointer), from: [source])
      }
      outputs.append([.string(output), 0, 0])
    }
    record(.translated, "graph-model", path, saved.pointer, old: ("name", "Graph"), new: ("class_name", "Functional"))
    return modelObject(
      className: "Functional", saved: saved,
      config: [
        "layers": .array(builder.layers), "input_layers": .array(builder.inputs.map { [.string($0), 0, 0] }),
        "output_layers": .array(outputs),
      ])
  }

  /// A layer that gives its input another name.
  private func passing(name: String, pointer: JSONPointer) -> JSON {
    let fields: OrderedDictionary<String, JSON> = [
      "name": .string(name), "trainable": true, "dtype": "float32", "activation": "linear",
    ]
    return layerObject(className: "Activation", name: name, config: fields, pointer: pointer)
  }

  /// A node's way to join its inputs; a Python function stands there as an object or a list.
  private func mergeMode(_ json: JSON) throws(ModelError) -> String {
    guard let mode = json["merge_mode"], !mode.isNull else { return "concat" }
    guard let text = mode.stringValue else {
      throw ModelError(.lambda("a Graph node with a Python function as merge_mode: its byte code is not run"))
    }
    return text
  }

  /// A layer applied to each of several inputs (Keras 0.3's Siamese): its results joined, or taken apart by heads.
  private mutating func sharedNode(
    _ json: JSON, _ node: JSON, name: String, at pointer: JSONPointer, path: [String], into builder: inout BranchBuilder
  ) throws(ModelError) {
    let sources = json["inputs"]?.arrayValue?.compactMap(\.stringValue) ?? []
    guard let inner = node["layer"], !sources.isEmpty else {
      throw ModelError(.missingField("layer"), location: location(pointer))
    }
    let isJoined = node["merge_mode"]?.isNull == false
    let shared = builder.names.unique(isJoined ? name + "_shared" : name)
    let saved = try SavedLayer(inner, at: pointer.appending("layer"))
    builder.add(try layer(saved, name: shared, path: path), reading: [])
    let tensors = builder.share(sources)
    builder.heads[name] = tensors
    guard isJoined else { return }
    let (className, fields) = try merging(
      mergeMode(node), concatAxis: node["concat_axis"], dotAxes: node["dot_axes"], field: "merge_mode")
    var config: OrderedDictionary<String, JSON> = ["name": .string(name), "trainable": true, "dtype": "float32"]
    config.merge(fields) { $1 }
    _ = builder.names.unique(name)
    builder.add(layerObject(className: className, name: name, config: config, pointer: pointer), reading: tensors)
  }

  /// The layer a node reads: its only input, or the merge of several, which is added under `name`.
  private func graphSource(
    _ json: JSON, at pointer: JSONPointer, name: String, into builder: inout BranchBuilder
  ) throws(ModelError) -> String {
    if let input = json["input"]?.stringValue { return input }
    let inputs = json["inputs"]?.arrayValue?.compactMap(\.stringValue) ?? []
    guard inputs.count > 1 else {
      guard let only = inputs.first else { throw ModelError(.missingField("input"), location: location(pointer)) }
      return only
    }
    let (className, fields) = try merging(
      mergeMode(json), concatAxis: json["concat_axis"], dotAxes: json["dot_axes"], field: "merge_mode")
    var config: OrderedDictionary<String, JSON> = ["name": .string(name), "trainable": true, "dtype": "float32"]
    config.merge(fields) { $1 }
    builder.add(layerObject(className: className, name: name, config: config, pointer: pointer), from: inputs)
    return name
  }
}
