import KerasCore

/// A layer that owns variables, wherever it lies: in the model, in a nested model, or inside a wrapper.
struct ModelLeaf {
  /// Names of the layer that stored weights may carry: its own, and that of the wrapper's direction.
  var label: String
  /// The layers' names from the outer model to this one's, for messages.
  var path: [String]
  /// What the parameter names of its variables begin with.
  var parameterPrefix: String
  var objectPath: String
  var className: String
  var config: JSON
  var pointer: JSONPointer
  /// All models and wrappers around it, and itself.
  var isTrainable: Bool
  var targets: [WeightTarget] = []
}

/// The layers of a canonical model in order, each with the path of the object as `.keras` files store it.
struct ModelLeaves {
  /// The leaves of each layer of the outer model.
  private(set) var layers: [(name: String, leaves: [ModelLeaf])] = []

  /// How a container names the objects of its layers.
  enum PathScheme {
    /// `layers/dense`, `layers/dense_1`: Keras 2.14 and later.
    case layers
    /// `_layer_checkpoint_dependencies/dense`, `…/dense_2`: Keras 2.12 and 2.13 visit a weighted layer twice.
    case checkpointDependencies
  }

  init(_ model: JSON, targets: [WeightTarget], scheme: PathScheme = .layers) {
    let all = Self.children(
      of: model, path: [], prefix: "", objectPath: "", isTrainable: true, scheme: scheme, targets: targets)
    var prefixes: [String: (layer: Int, leaf: Int)] = [:]
    for (index, layer) in all.enumerated() {
      for (number, leaf) in layer.leaves.enumerated() { prefixes[leaf.parameterPrefix] = (index, number) }
    }
    layers = all
    for target in targets {
      // The longest prefix: layers' names may themselves contain '/'.
      var prefix = target.parameter
      while let slash = prefix.lastIndex(of: "/") {
        prefix = String(prefix[..<slash])
        guard let place = prefixes[prefix] else { continue }
        var target = target
        let key = target.parameter.dropFirst(prefix.count + 1)
        target.role = String(key).components(after: "/")
        target.holder = String(key.dropLast(target.role.count)).trimmingSlash
        layers[place.layer].leaves[place.leaf].targets.append(target)
        break
      }
    }
    for index in layers.indices { layers[index].leaves.removeAll(where: \.targets.isEmpty) }
  }

  private static func children(
    of model: JSON, path: [String], prefix: String, objectPath: String, isTrainable: Bool, scheme: PathScheme,
    targets: [WeightTarget]
  ) -> [(name: String, leaves: [ModelLeaf])] {
    var counters: [String: Int] = [:]
    func next(_ base: String) -> String {
      let number = counters[base, default: 0]
      counters[base] = number + 1
      return number == 0 ? base : "\(base)_\(number)"
    }
    let container = scheme == .layers ? "layers" : "_layer_checkpoint_dependencies"
    var result: [(name: String, leaves: [ModelLeaf])] = []
    for layer in model["config"]?["layers"]?.arrayValue ?? [] {
      let name = layer["name"]?.stringValue ?? ""
      let base = SavedLayer.snakeCase((layer["saved_class_name"] ?? layer["class_name"])?.stringValue ?? "")
      let own = next(base)
      let below = prefix + name
      if scheme == .checkpointDependencies, targets.contains(where: { $0.parameter.hasPrefix(below + "/") }) {
        _ = next(base)
      }
      let leaves = leaves(
        of: layer, label: name, path: path + [name], prefix: below,
        objectPath: (objectPath.isEmpty ? "" : objectPath + "/") + container + "/" + own, isTrainable: isTrainable,
        scheme: scheme, targets: targets)
      result.append((name, leaves))
    }
    return result
  }

  private static func leaves(
    of layer: JSON, label: String, path: [String], prefix: String, objectPath: String, isTrainable: Bool,
    scheme: PathScheme, targets: [WeightTarget]
  ) -> [ModelLeaf] {
    let config = layer["config"] ?? .null
    let isTrainable = isTrainable && config["trainable"] != false
    if config["layers"]?.arrayValue != nil, layer["class_name"] != "Pipeline" {
      return children(
        of: layer, path: path, prefix: prefix + "/", objectPath: objectPath, isTrainable: isTrainable, scheme: scheme,
        targets: targets
      ).flatMap(\.leaves)
    }
    var leaves: [ModelLeaf] = []
    func inner(_ key: String, _ layer: JSON, label: String) {
      leaves += Self.leaves(
        of: layer, label: label, path: path, prefix: prefix + "/" + key, objectPath: objectPath + "/" + key,
        isTrainable: isTrainable, scheme: scheme, targets: targets)
    }
    // No model: its variables are named by the objects that hold them.
    var counts: [String: Int] = [:]
    for part in config["layers"]?.arrayValue ?? [] {
      let base = SavedLayer.snakeCase(part["class_name"]?.stringValue ?? "")
      let number = counts[base, default: 0]
      counts[base] = number + 1
      inner(
        "layers/" + (number == 0 ? base : "\(base)_\(number)"), part, label: part["name"]?.stringValue ?? base)
    }
    if let wrapped = config["layer"], wrapped["class_name"] != nil {
      let name = wrapped["name"]?.stringValue ?? ""
      if layer["class_name"] == "Bidirectional" {
        let plain = name.hasPrefix("forward_") ? String(name.dropFirst("forward_".count)) : name
        inner("forward_layer", wrapped, label: "forward_" + plain)
        let backward = config["backward_layer"]
        inner(
          "backward_layer", backward?["class_name"] == nil ? wrapped : backward ?? wrapped, label: "backward_" + plain)
      } else {
        inner("layer", wrapped, label: name)
      }
    }
    for key in ["encoder", "decoder"] {
      if let held = config[key], held["class_name"] != nil { inner(key, held, label: key) }
    }
    leaves.append(
      ModelLeaf(
        label: label, path: path, parameterPrefix: prefix, objectPath: objectPath,
        className: layer["class_name"]?.stringValue ?? "", config: config,
        pointer: JSONPointer(parsing: layer["source_pointer"]?.stringValue ?? ""), isTrainable: isTrainable))
    return leaves
  }
}

extension String {
  fileprivate var trimmingSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}
