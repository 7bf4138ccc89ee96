import KerasCore
import OrderedCollections

/// A Sequential or Functional model being written, with its layers in order.
struct ModelConfig: Sendable {
  static let classes: Set<String> = ["Sequential", "Functional", "Model"]

  var isSequential: Bool
  var name: String
  /// Further fields of the model's config: `trainable`, `dtype`.
  var fields: OrderedDictionary<String, JSON>
  var layers: [LayerConfig]
  /// Of a functional model; empty for a Sequential.
  var inputs: [TensorReference] = []
  var outputs: [TensorReference] = []

  /// Reads a canonical model object; `path` is its own, empty for the outer model.
  init(_ json: JSON, path: String) throws(ExportError) {
    guard let className = json["class_name"]?.stringValue, Self.classes.contains(className),
      let config = json["config"]?.objectValue, let list = config["layers"]?.arrayValue
    else { throw ExportError(.malformed("the config is neither a Sequential nor a Functional model"), layer: path) }
    isSequential = className == "Sequential"
    name = config["name"]?.stringValue ?? "model"
    fields = config
    for key in ["name", "layers", "input_layers", "output_layers", "build_input_shape"] { fields[key] = nil }
    layers = []
    for layer in list { layers.append(try LayerConfig(layer, path: path)) }
    if !isSequential {
      inputs = try Self.references(config["input_layers"] ?? .null, path: path)
      outputs = try Self.references(config["output_layers"] ?? .null, path: path)
    }
  }

  init(sequential name: String, layers: [LayerConfig]) {
    isSequential = true
    self.name = name
    fields = ["trainable": true]
    self.layers = layers
  }

  init(functional name: String, layers: [LayerConfig], inputs: [TensorReference], outputs: [TensorReference]) {
    isSequential = false
    self.name = name
    fields = ["trainable": true]
    self.layers = layers
    self.inputs = inputs
    self.outputs = outputs
  }

  private static func references(_ json: JSON, path: String) throws(ExportError) -> [TensorReference] {
    if let single = TensorReference(json) { return [single] }
    let found = (json.arrayValue ?? json.objectValue.map { Array($0.values) } ?? []).compactMap { TensorReference($0) }
    guard !found.isEmpty else {
      throw ExportError(.malformed("the model's inputs or outputs cannot be read"), layer: path)
    }
    return found
  }

  /// Keras 3's object, without `inbound_nodes`; layers of a functional model with theirs.
  var json: JSON {
    var config: OrderedDictionary<String, JSON> = ["name": .string(name)]
    config.merge(fields) { _, new in new }
    config["layers"] = .array(
      layers.map { layer in
        var json = layer.json
        if !isSequential {
          json["name"] = .string(layer.name)
          json["inbound_nodes"] = .array(layer.nodes.map { ["args": $0.args, "kwargs": $0.kwargs] })
        }
        return json
      })
    if !isSequential {
      // One tensor stands alone: in a list Keras 3 would give out a list of one prediction.
      config["input_layers"] = inputs.count == 1 ? inputs[0].json : .array(inputs.map(\.json))
      config["output_layers"] = outputs.count == 1 ? outputs[0].json : .array(outputs.map(\.json))
    }
    return [
      "module": isSequential ? "keras" : "keras.src.models.functional",
      "class_name": isSequential ? "Sequential" : "Functional", "config": .object(config),
      "registered_name": isSequential ? nil : "Functional",
    ]
  }

  /// As `json`, with the one place where Keras 3 counts a nested functional model's calls from 1: its model's outputs.
  var keras3JSON: JSON {
    var copy = self
    copy.countFromOne()
    return copy.json
  }

  fileprivate mutating func countFromOne() {
    for index in layers.indices { layers[index].countFromOne() }
    let functional = Set(layers.filter { $0.model?.isSequential == false }.map(\.name))
    outputs = outputs.map {
      functional.contains($0.layer) ? TensorReference($0.layer, $0.node + 1, $0.tensor) : $0
    }
  }

  /// Leaves out `training` of the layers' calls: in Keras 3 that of the whole model's call takes its place
  /// (`functional.py`, 3.15), and in tf.keras it stays what it is.
  mutating func dropTrainingArguments() {
    for index in layers.indices {
      for node in layers[index].nodes.indices { layers[index].nodes[node].kwargs["training"] = nil }
      layers[index].model?.dropTrainingArguments()
    }
  }

  /// The name itself, or with the first number that no layer here has.
  func uniqueName(_ proposal: String) -> String {
    let taken = Set(layers.map(\.name))
    guard taken.contains(proposal) else { return proposal }
    var number = 1
    while taken.contains("\(proposal)_\(number)") { number += 1 }
    return "\(proposal)_\(number)"
  }

  /// Puts one-input, one-output layers around the layer at `index`, at each of its calls.
  mutating func surround(_ index: Int, before: [LayerConfig], after: [LayerConfig]) {
    guard !before.isEmpty || !after.isEmpty else { return }
    var layer = layers[index]
    var before = before
    var after = after
    for place in before.indices { before[place].name = fresh(before[place].name, before[..<place]) }
    for place in after.indices { after[place].name = fresh(after[place].name, before[...] + after[..<place]) }
    if !isSequential {
      if !before.isEmpty { Self.feed(&layer, through: &before) }
      if let last = after.last {
        let name = layer.name
        let redirect = { (reference: TensorReference) in
          reference.layer == name && reference.tensor == 0 ? TensorReference(last.name, reference.node) : reference
        }
        for other in layers.indices where other != index {
          layers[other].nodes = layers[other].nodes.map { $0.replacingTensors { .tensor(redirect($0)) } }
        }
        layer.nodes = layer.nodes.map { $0.replacingTensors { .tensor(redirect($0)) } }
        for place in before.indices {
          before[place].nodes = before[place].nodes.map { $0.replacingTensors { .tensor(redirect($0)) } }
        }
        outputs = outputs.map(redirect)
        var source = name
        for place in after.indices {
          after[place].nodes = layer.nodes.indices.map { CallNode(args: [.tensor(TensorReference(source, $0))]) }
          source = after[place].name
        }
      }
    }
    layers.replaceSubrange(index...index, with: before + [layer] + after)
  }

  /// Leads every tensor the layer takes through a chain of layers, one call each.
  private static func feed(_ layer: inout LayerConfig, through chain: inout [LayerConfig]) {
    guard let last = chain.last?.name else { return }
    var taken: [TensorReference] = []
    layer.nodes = layer.nodes.map { node in
      let args = node.args.replacingTensors { reference in
        taken.append(reference)
        return .tensor(TensorReference(last, taken.count - 1))
      }
      return CallNode(args: args, kwargs: node.kwargs)
    }
    for place in chain.indices {
      chain[place].nodes = taken.indices.map { call in
        CallNode(args: [.tensor(place == 0 ? taken[call] : TensorReference(chain[place - 1].name, call))])
      }
    }
  }

  private func fresh(_ proposal: String, _ added: ArraySlice<LayerConfig>) -> String {
    var copy = self
    copy.layers += added
    return copy.uniqueName(proposal)
  }
}

extension LayerConfig {
  /// As `ModelConfig.keras3JSON`, for the model that this layer is or holds.
  fileprivate mutating func countFromOne() {
    if let nested = model {
      var copy = nested
      copy.countFromOne()
      model = copy
    } else if let json = fields["layer"], var inner = try? LayerConfig(json, path: name), inner.model != nil {
      inner.countFromOne()
      fields["layer"] = inner.json
    }
  }
}
