import KerasCore
import OrderedCollections

extension ConfigUpgrade {
  /// The element-wise modes of Keras 0 and 1's Merge and the layers that do the same.
  private static let elementwise = [
    "sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "min": "Minimum", "sub": "Subtract",
  ]

  /// `Merge(mode=…)` as one of Keras 2's merging layers; with a Python function as mode, as a Lambda.
  mutating func mergeLayer(_ saved: SavedLayer, name: String, path: [String]) throws(ModelError) -> JSON {
    let mode = saved.fields["mode"] ?? "sum"
    let type = saved.fields["mode_type"]?.stringValue ?? "raw"
    guard type == "raw", let text = mode.stringValue else { return lambdaMerge(saved, name: name, path: path) }
    let (className, fields) = try merging(
      text, concatAxis: saved.fields["concat_axis"], dotAxes: saved.fields["dot_axes"], field: "mode")
    record(
      .translated, "merge-\(text)", path, saved.fieldsPointer.appending("mode"), old: ("mode", mode),
      new: ("class_name", .string(className)))
    for (key, old) in [("axis", "concat_axis"), ("axes", "dot_axes")] {
      guard let value = fields[key] else { continue }
      if let value0 = saved.fields[old] {
        record(
          .renamed, "rename-\(old)", path, saved.fieldsPointer.appending(old), old: (old, value0), new: (key, value))
      }
    }
    var config: OrderedDictionary<String, JSON> = ["name": .string(name), "trainable": true, "dtype": "float32"]
    config.merge(fields) { $1 }
    if config[Dot.matricesField] != nil {
      record(.defaulted, Dot.matricesRule, path, saved.fieldsPointer, new: (Dot.matricesField, true))
    }
    if config["keraskit>mask"] != nil {
      record(.defaulted, MaskMergingRules.rule, path, saved.fieldsPointer, new: ("keraskit>mask", "all"))
    }
    return layerObject(className: className, name: name, config: config, pointer: saved.pointer)
  }

  /// The class and fields for a merge mode.
  func merging(
    _ mode: String, concatAxis: JSON?, dotAxes: JSON?, field: String
  ) throws(ModelError) -> (className: String, fields: OrderedDictionary<String, JSON>) {
    if let className = Self.elementwise[mode] { return (className, ["keraskit>mask": "all"]) }
    switch mode {
    case "concat": return ("Concatenate", ["axis": concatAxis ?? -1, "keraskit>mask": "all"])
    case "dot":
      var fields: OrderedDictionary<String, JSON> = ["axes": axes(dotAxes), "normalize": false]
      if isBeforeTensorFlow2 { fields[Dot.matricesField] = true }
      return ("Dot", fields)
    case "cos": return ("keraskit>MergeCos", ["axes": axes(dotAxes), "extra_axis": .bool(era.dialect > .keras0)])
    default:
      throw ModelError(
        .unknownValue(
          field: field, value: mode,
          known: (Self.elementwise.keys.sorted() + ["concat", "dot", "cos"]).joined(separator: ", ")))
    }
  }

  /// `[a, b]`, from one number or a pair of lists of one.
  private func axes(_ value: JSON?) -> JSON {
    let value = value ?? -1
    if let axis = value.intValue {
      // Keras 0.3 contracted the last `n` axes.
      if era.dialect == .keras0, axis > 1 {
        let all = JSON(Array(1...axis))
        return [all, all]
      }
      return [JSON(axis), JSON(axis)]
    }
    let single = value.arrayValue?.map { $0.arrayValue?.count == 1 ? $0[0] ?? $0 : $0 }
    return single.map { .array($0) } ?? value
  }

  /// Whether a Sequential begins with branches.
  func beginsWithMerge(_ first: SavedLayer) -> Bool {
    first.className == "Merge" && first.fields["layers"]?.arrayValue != nil
  }

  /// A Sequential that begins with Merge, as a Functional model of its branches' own layers.
  ///
  /// The branches' layers were called directly, once each, so they become layers of this model.
  mutating func mergedSequential(_ saved: SavedLayer, path: [String]) throws(ModelError) -> JSON {
    var builder = BranchBuilder(path: path)
    let output = try chain(saved, into: &builder)
    return modelObject(
      className: "Functional", saved: saved,
      config: [
        "layers": .array(builder.layers), "input_layers": .array(builder.inputs.map { [.string($0), 0, 0] }),
        "output_layers": [[.string(output), 0, 0]],
      ])
  }

  /// The layers collected so far while branches are joined.
  struct BranchBuilder {
    var path: [String]
    var layers: [JSON] = []
    var inputs: [String] = []
    var names = UniqueNames()
    /// Branches by their config's own name, for one that appears twice.
    var outputs: [JSON: String] = [:]

    /// The tensors that heads of a shared node take, by the node's name.
    var heads: [String: [JSON]] = [:]

    mutating func add(_ layer: JSON, from sources: [String]) {
      add(layer, reading: sources.map { KerasTensor.json($0, 0, 0) })
    }

    /// Applies the last layer to each of several sources, and gives the results.
    mutating func share(_ sources: [String]) -> [JSON] {
      guard var layer = layers.popLast() else { return [] }
      layer["inbound_nodes"] = .array(
        sources.map { ["args": .array([KerasTensor.json($0, 0, 0)]), "kwargs": [:]] })
      layers.append(layer)
      let name = layer["name"]?.stringValue ?? ""
      return sources.indices.map { KerasTensor.json(name, $0, 0) }
    }

    mutating func add(_ layer: JSON, reading tensors: [JSON]) {
      var layer = layer
      let args: [JSON] = tensors.count == 1 ? tensors : [.array(tensors)]
      layer["inbound_nodes"] = tensors.isEmpty ? [] : [["args": .array(args), "kwargs": [:]]]
      layers.append(layer)
    }
  }

  /// Adds a Sequential's layers one after another and gives the last one's name.
  private mutating func chain(_ saved: SavedLayer, into builder: inout BranchBuilder) throws(ModelError) -> String {
    var last = ""
    for (index, entry) in (saved.layers ?? []).enumerated() {
      let layerSaved = try SavedLayer(entry.json, at: entry.pointer)
      let name = builder.names.unique(layerSaved.name ?? SavedLayer.snakeCase(layerSaved.className))
      if index == 0, beginsWithMerge(layerSaved) {
        var sources: [String] = []
        let base = layerSaved.fieldsPointer.appending("layers")
        for (number, branch) in (layerSaved.fields["layers"]?.arrayValue ?? []).enumerated() {
          sources.append(try self.branch(SavedLayer(branch, at: base.appending(number)), json: branch, into: &builder))
        }
        builder.add(try layer(layerSaved, name: name, path: builder.path), from: sources)
      } else if layerSaved.className == "InputLayer" {
        builder.add(try layer(layerSaved, name: name, path: builder.path), from: [])
        builder.inputs.append(name)
      } else {
        if index == 0 {
          guard let input = try inputOfFirstLayer(layerSaved, sequential: saved) else {
            throw ModelError(
              .missingField("batch_input_shape"), layer: name, location: location(layerSaved.fieldsPointer))
          }
          last = builder.names.unique(name + "_input")
          builder.add(
            inputObject(name: last, shape: input.shape, dtype: input.dtype, pointer: layerSaved.pointer), from: [])
          builder.inputs.append(last)
        }
        builder.add(try layer(layerSaved, name: name, path: builder.path), from: [last])
      }
      last = name
    }
    return last
  }

  private mutating func branch(
    _ saved: SavedLayer, json: JSON, into builder: inout BranchBuilder
  ) throws(ModelError) -> String {
    // The same branch object given twice is saved twice, with the same layer names; Keras 0's names tell nothing.
    if era.dialect > .keras0, let known = builder.outputs[json] { return known }
    let output: String
    if saved.isSequential {
      output = try chain(saved, into: &builder)
    } else if saved.isModel {
      let inner = try model(saved, path: builder.path)
      builder.layers += inner["config"]?["layers"]?.arrayValue ?? []
      builder.inputs += inner["config"]?["input_layers"]?.arrayValue?.compactMap { $0[0]?.stringValue } ?? []
      guard let end = inner["config"]?["output_layers"]?[0]?[0]?.stringValue else {
        throw ModelError(.missingField("output_layers"))
      }
      output = end
    } else if saved.className == "InputLayer" {
      output = builder.names.unique(saved.name ?? "input")
      builder.add(inputLayer(saved, name: output, path: builder.path + [output]), from: [])
      builder.inputs.append(output)
    } else {
      // A bare layer with an input shape of its own.
      guard let input = try inputOfFirstLayer(saved, sequential: saved) else {
        throw ModelError(.missingField("batch_input_shape"))
      }
      output = builder.names.unique(saved.name ?? SavedLayer.snakeCase(saved.className))
      let inputName = builder.names.unique(output + "_input")
      builder.add(
        inputObject(name: inputName, shape: input.shape, dtype: input.dtype, pointer: saved.pointer), from: [])
      builder.inputs.append(inputName)
      builder.add(try layer(saved, name: output, path: builder.path), from: [inputName])
    }
    builder.outputs[json] = output
    return output
  }
}
