import KerasCore
import OrderedCollections

/// The end of a canonical model, followed back from its output to the classifier.
struct ModelTail {
  struct Found {
    /// The object's place in the model's config.
    var pointer: JSONPointer
    var path: String
    var className: String
  }

  private let config: JSON
  private let usesCrossentropy: Bool
  private(set) var classifier: Found?
  /// What stands between the classifier and the output, the last first.
  private var after: [Found] = []

  init(_ config: JSON, usesCrossentropy: Bool) {
    self.config = config
    self.usesCrossentropy = usesCrossentropy
  }

  /// Layers that keep the classes apart, so that the classifier may stand before them.
  private static let transparent: Set<String> = [
    "Activation", "Softmax", "Flatten", "Reshape", "Dropout", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
    "GlobalAveragePooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "BatchNormalization",
    "ReLU", "LeakyReLU", "ELU", "ActivityRegularization", "Identity", "GaussianNoise", "GaussianDropout",
    "AlphaDropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
  ]
  /// Classifiers, with the field that holds the number of classes.
  private static let classifiers = [
    "Dense": "units", "Conv1D": "filters", "Conv2D": "filters", "Conv3D": "filters",
  ]
  /// Ends of models that are classifiers too, but not one of these.
  private static let others: Set<String> = ["EinsumDense", "MaxoutDense", "SeparableConv2D", "LocallyConnected2D"]
  private static let models: Set<String> = ["Sequential", "Functional", "Model"]

  private enum Search { case found, passed, blocked }

  /// Looks for the classifier; `classifier` stays `nil` where the model ends in features.
  mutating func findClassifier() throws(EditError) {
    guard try search(in: config, at: JSONPointer(), path: []) == .found, let head = classifier else {
      classifier = nil
      after = []
      return
    }
    // A convolution at the end is a classifier only if something says so; else it makes features.
    let isSaid = ["softmax", "sigmoid"].contains(lastActivation ?? "")
    if head.className.hasPrefix("Conv"), !isSaid, !usesCrossentropy {
      classifier = nil
      after = []
    }
  }

  private mutating func search(in model: JSON, at pointer: JSONPointer, path: [String]) throws(EditError) -> Search {
    let layers = model["config"]?["layers"]?.arrayValue ?? []
    let base = pointer.appending("config").appending("layers")
    var index: Int? = try outputLayer(of: model, layers)
    while let current = index {
      let layer = layers[current]
      let className = layer["class_name"]?.stringValue ?? ""
      let name = layer["config"]?["name"]?.stringValue ?? layer["name"]?.stringValue ?? ""
      var found = Found(
        pointer: base.appending(current), path: (path + [name]).joined(separator: "/"), className: className)
      if Self.models.contains(className) {
        let inner = try search(in: layer, at: found.pointer, path: path + [name])
        if inner != .passed { return inner }
      } else if className == "TimeDistributed", let held = layer["config"]?["layer"],
        let heldClass = held["class_name"]?.stringValue
      {
        guard heldClass == "Dense" else { return .blocked }
        found.pointer = found.pointer.appending("config").appending("layer")
        found.className = heldClass
        classifier = found
        return .found
      } else if Self.classifiers[className] != nil {
        try checkConsumers(of: name, in: layers, model)
        classifier = found
        return .found
      } else if Self.others.contains(className) {
        throw .head("the model ends in '\(found.path)' of class \(className)")
      } else if Self.transparent.contains(className) {
        after.append(found)
      } else {
        return className == "InputLayer" ? .passed : .blocked
      }
      index = try predecessor(of: current, model, layers)
    }
    return .passed
  }

  /// The index of the layer that gives the model's output.
  private func outputLayer(of model: JSON, _ layers: [JSON]) throws(EditError) -> Int? {
    guard model["class_name"] != "Sequential" else { return layers.indices.last }
    let outputs = model["config"]?["output_layers"] ?? .null
    let first = outputs[0]?.stringValue != nil ? outputs : outputs[0] ?? .null
    return index(of: first[0]?.stringValue, layers)
  }

  private func index(of name: String?, _ layers: [JSON]) -> Int? {
    layers.firstIndex { $0["config"]?["name"]?.stringValue == name || $0["name"]?.stringValue == name }
  }

  private func predecessor(of index: Int, _ model: JSON, _ layers: [JSON]) throws(EditError) -> Int? {
    if model["class_name"] == "Sequential" { return index > 0 ? index - 1 : nil }
    let tensors = Self.histories(in: layers[index]["inbound_nodes"] ?? .null)
    guard Set(tensors).count <= 1 else {
      throw .head("'\(layers[index]["name"]?.stringValue ?? "")', near the output, joins several tensors")
    }
    return tensors.first.flatMap { self.index(of: $0, layers) }
  }

  /// The layers whose tensors stand in the arguments of calls.
  private static func histories(in json: JSON) -> [String] {
    switch json {
    case .array(let elements): return elements.flatMap { histories(in: $0) }
    case .object(let members):
      if json["class_name"] == "__keras_tensor__" {
        return [json["config"]?["keras_history"]?[0]?.stringValue].compactMap { $0 }
      }
      return members.values.flatMap { histories(in: $0) }
    default: return []
    }
  }

  /// Nothing but the end of the model may read the old classes.
  private func checkConsumers(of name: String, in layers: [JSON], _ model: JSON) throws(EditError) {
    guard model["class_name"] != "Sequential" else { return }
    let own = Set(after.map(\.path).compactMap { $0.split(separator: "/").last.map(String.init) })
    for layer in layers {
      let consumer = layer["config"]?["name"]?.stringValue ?? ""
      if !own.contains(consumer), Self.histories(in: layer["inbound_nodes"] ?? .null).contains(name) {
        throw .head("'\(consumer)' reads what '\(name)' gives, beside the output")
      }
    }
  }

  /// The number of classes told by the classifier.
  var classes: Int? {
    guard let classifier, let field = Self.classifiers[classifier.className] else { return nil }
    return config[classifier.pointer]?["config"]?[field]?.intValue
  }

  /// The last activation at or behind the classifier.
  var lastActivation: String? {
    for found in after {
      if found.className == "Softmax" { return "softmax" }
      if found.className == "Activation" { return config[found.pointer]?["config"]?["activation"]?.stringValue }
    }
    return classifier.flatMap { config[$0.pointer]?["config"]?["activation"]?.stringValue }
  }

  /// The model with so many classes.
  func replaced(classes: Int, activation: String) throws(EditError) -> JSON {
    guard let classifier, let field = Self.classifiers[classifier.className] else { return config }
    var result = config
    func edit(_ pointer: JSONPointer, _ body: (inout JSON) -> Void) {
      guard var object = result[pointer], var fields = object["config"] else { return }
      body(&fields)
      object["config"] = fields
      result = result.replacing(pointer.components[...], with: object)
    }
    let last = after.first { ["Activation", "Softmax"].contains($0.className) }
    edit(classifier.pointer) { fields in
      fields[field] = JSON(classes)
      fields["kernel_initializer"] = KerasObject.json(
        module: "keras.initializers", className: "GlorotUniform", config: ["seed": nil])
      fields["trainable"] = true
      if last == nil { fields["activation"] = .string(activation) }
    }
    if let last, last.className == "Activation" {
      edit(last.pointer) { $0["activation"] = .string(activation) }
    } else if let last, activation != "softmax", var object = result[last.pointer] {
      object["class_name"] = "Activation"
      var fields = object["config"]?.objectValue ?? [:]
      fields["axis"] = nil
      fields["activation"] = .string(activation)
      object["config"] = .object(fields)
      result = result.replacing(last.pointer.components[...], with: object)
    }
    for reshape in after where reshape.className == "Reshape" {
      edit(reshape.pointer) { fields in
        guard var shape = fields["target_shape"]?.arrayValue, let old = self.classes,
          let place = shape.lastIndex(where: { $0.intValue == old })
        else { return }
        shape[place] = JSON(classes)
        fields["target_shape"] = .array(shape)
      }
    }
    // The models around a classifier that is to be trained are trained too.
    var owner = classifier.pointer.components
    while owner.count > 2 {
      owner.removeLast()
      let pointer = JSONPointer(owner)
      if result[pointer]?["config"]?["layers"] != nil { edit(pointer) { $0["trainable"] = true } }
    }
    return result
  }

  /// The model with a classifier behind its output, global average pooling before it where the output has places.
  func appended(classes: Int, activation: String, rank: Int) throws(EditError) -> (config: JSON, layer: String) {
    var layers = config["config"]?["layers"]?.arrayValue ?? []
    let isSequential = config["class_name"] == "Sequential"
    let taken = Set(layers.compactMap { $0["config"]?["name"]?.stringValue })
    func unique(_ name: String) -> String {
      guard taken.contains(name) else { return name }
      var number = 1
      while taken.contains("\(name)_\(number)") { number += 1 }
      return "\(name)_\(number)"
    }
    let outputs = config["config"]?["output_layers"] ?? .null
    var source = outputs[0]?.stringValue != nil ? outputs : outputs[0] ?? .null
    func add(_ className: String, _ name: String, _ own: OrderedDictionary<String, JSON>) {
      var fields: OrderedDictionary<String, JSON> = ["name": .string(name), "trainable": true, "dtype": "float32"]
      for (key, standard) in CanonicalFields.of(className) ?? [:] { fields[key] = own[key] ?? standard ?? .null }
      var object = KerasObject.json(module: "keras.layers", className: className, config: .object(fields))
      object["name"] = .string(name)
      if !isSequential {
        let tensor: JSON = ["class_name": "__keras_tensor__", "config": ["keras_history": source]]
        object["inbound_nodes"] = [["args": [tensor], "kwargs": [:]]]
        source = [.string(name), 0, 0]
      }
      layers.append(object)
    }
    switch rank {
    case 2: break
    case 3...5:
      let isChannelsFirst = layers.contains { $0["config"]?["data_format"] == "channels_first" }
      add(
        "GlobalAveragePooling\(rank - 2)D", unique("avg_pool"),
        ["data_format": isChannelsFirst ? "channels_first" : "channels_last"])
    default: throw .head("the output has \(rank) axes")
    }
    let name = unique("predictions")
    add(
      "Dense", name,
      [
        "units": JSON(classes), "activation": .string(activation),
        "kernel_initializer": KerasObject.json(
          module: "keras.initializers", className: "GlorotUniform", config: ["seed": nil]),
        "bias_initializer": KerasObject.json(module: "keras.initializers", className: "Zeros", config: [:]),
      ])
    var result = config
    guard var inner = result["config"] else { return (config, name) }
    inner["layers"] = .array(layers)
    if !isSequential { inner["output_layers"] = [source] }
    result["config"] = inner
    return (result, name)
  }
}
