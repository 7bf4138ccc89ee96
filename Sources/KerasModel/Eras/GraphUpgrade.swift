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
        let fields: OrderedDictionary<String, JSON> = [
          "name": .string(output), "trainable": true, "dtype": "float32", "activation": "linear",
        ]
        builder.add(
          layerObject(className: "Activation", name: output, config: fields, pointer: pointer), from: [source])
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
      json["merge_mode"]?.stringValue ?? "concat", concatAxis: json["concat_axis"], dotAxes: json["dot_axes"],
      field: "merge_mode")
    var config: OrderedDictionary<String, JSON> = ["name": .string(name), "trainable": true, "dtype": "float32"]
    config.merge(fields) { $1 }
    builder.add(layerObject(className: className, name: name, config: config, pointer: pointer), from: inputs)
    return name
  }
}
