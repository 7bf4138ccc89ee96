import KerasCore

/// Where Keras 3 keeps the variables of each layer: `layers/dense_1`, `layers/sequential/layers/dense`, by the layer's path.
///
/// A container counts its layers per class in order, whatever their names. tf.keras 2.15 has the same places but for the parts
/// that it holds in private attributes.
struct ObjectPaths {
  /// Path by names (`encoder/dense_1`, with `layer` for what a wrapper holds) → object path, in model order.
  private(set) var objects: [(path: String, object: String, name: String)] = []

  /// What lies in `_query_dense` in tf.keras 2.15.
  private static let privateParts: Set<String> = ["query_dense", "key_dense", "value_dense", "output_dense"]
  private let hasPrivateParts: Bool

  init(_ model: ModelConfig, hasPrivateParts: Bool = false) {
    self.hasPrivateParts = hasPrivateParts
    add(model, path: "", object: "")
  }

  private mutating func add(_ model: ModelConfig, path: String, object: String) {
    var counts: [String: Int] = [:]
    for layer in model.layers {
      let base = Self.snakeCase(layer.model.map { $0.isSequential ? "Sequential" : "Functional" } ?? layer.className)
      let number = counts[base, default: 0]
      counts[base] = number + 1
      let own = (object.isEmpty ? "" : object + "/") + "layers/" + (number == 0 ? base : "\(base)_\(number)")
      add(layer, path: (path.isEmpty ? "" : path + "/") + layer.name, object: own)
    }
  }

  private mutating func add(_ layer: LayerConfig, path: String, object: String) {
    objects.append((path, object, layer.name))
    if let model = layer.model {
      add(model, path: path, object: object)
    } else if layer.className == "TimeDistributed", let json = layer.fields["layer"],
      let inner = try? LayerConfig(json, path: path), inner.model != nil
    {
      add(inner, path: path + "/layer", object: object + "/layer")
    }
  }

  /// The object that holds a parameter, and the parameter's own name there: `(layers/lstm/cell, kernel)`.
  func object(of parameter: String) -> (object: String, role: String)? {
    let owner = objects.filter { parameter.hasPrefix($0.path + "/") }.max { $0.path.count < $1.path.count }
    guard let owner else { return nil }
    let key = parameter.dropFirst(owner.path.count + 1).split(separator: "/").map(String.init)
    guard let role = key.last else { return nil }
    let parts = key.dropLast().map { hasPrivateParts && Self.privateParts.contains($0) ? "_" + $0 : $0 }
    return (([owner.object] + parts).joined(separator: "/"), role)
  }

  /// Keras 3's snake case of a class name: `PReLU` → `p_re_lu`, `Conv2D` → `conv2d`.
  static func snakeCase(_ className: String) -> String {
    // Saved by its public name, stored by its own.
    if className == "GroupQueryAttention" { return "grouped_query_attention" }
    let letters = Array(className)
    var result = ""
    for (index, letter) in letters.enumerated() {
      if letter.isUppercase, index > 0 {
        let beginsWord = index + 1 < letters.count && letters[index + 1].isLowercase
        if letters[index - 1].isLowercase || beginsWord { result += "_" }
      }
      result += letter.lowercased()
    }
    return result
  }
}
