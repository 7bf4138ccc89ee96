import KerasCore

/// A tensor of a functional model: output `tensor` of call `node` of a layer.
struct TensorReference: Hashable, Sendable {
  var layer: String
  var node: Int
  var tensor: Int

  init(_ layer: String, _ node: Int = 0, _ tensor: Int = 0) {
    self.layer = layer
    self.node = node
    self.tensor = tensor
  }

  /// Reads `[layer, node, tensor]`.
  init?(_ json: JSON) {
    guard let parts = json.arrayValue, parts.count == 3, let layer = parts[0].stringValue, let node = parts[1].intValue,
      let tensor = parts[2].intValue
    else { return nil }
    self.init(layer, node, tensor)
  }

  var json: JSON { [.string(layer), JSON(node), JSON(tensor)] }
}

extension JSON {
  /// The reference of a `__keras_tensor__` object; `nil` for any other value.
  var tensorReference: TensorReference? {
    guard self["class_name"]?.stringValue == "__keras_tensor__", let history = self["config"]?["keras_history"] else {
      return nil
    }
    return TensorReference(history)
  }

  /// A `__keras_tensor__` object as Keras 3 writes it.
  static func tensor(_ reference: TensorReference, shape: JSON? = nil, dtype: JSON? = nil) -> JSON {
    var config: JSON = [:]
    if let shape { config["shape"] = shape }
    if let dtype { config["dtype"] = dtype }
    config["keras_history"] = reference.json
    return ["class_name": "__keras_tensor__", "config": config]
  }

  /// All references inside, in order.
  var tensorReferences: [TensorReference] {
    if let reference = tensorReference { return [reference] }
    switch self {
    case .array(let elements): return elements.flatMap(\.tensorReferences)
    case .object(let members): return members.values.flatMap(\.tensorReferences)
    default: return []
    }
  }

  /// The same value with every tensor replaced.
  func replacingTensors(_ replacement: (TensorReference) -> JSON) -> JSON {
    if let reference = tensorReference { return replacement(reference) }
    switch self {
    case .array(let elements): return .array(elements.map { $0.replacingTensors(replacement) })
    case .object(let members): return .object(members.mapValues { $0.replacingTensors(replacement) })
    default: return self
    }
  }
}
