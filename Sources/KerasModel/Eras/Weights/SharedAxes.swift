import KerasCore
import KerasFile
import OrderedCollections

/// Keras 1.2 saved the parameters of PReLU and SReLU but not their shared axes: an axis of length one is shared.
enum SharedAxes {
  static func fill(in canonical: inout CanonicalModel, from weights: StoredWeights) {
    guard case .groups(let groups) = weights else { return }
    // Layers of other names than the arrays' are taken in order.
    var alphas = groups.flatMap(\.arrays).filter { Keras1Name($0.name).role == "alphas" }
    canonical.config = filled(canonical.config, groups, &alphas)
  }

  private static func filled(_ model: JSON, _ groups: [WeightGroup], _ alphas: inout [StoredArray]) -> JSON {
    var model = model
    guard var config = model["config"]?.objectValue, let layers = config["layers"]?.arrayValue else { return model }
    config["layers"] = .array(
      layers.map { layer in
        var layer = filled(layer, groups, &alphas)
        guard layer["config"]?["keraskit>shared_axes_from_weights"] == true, var fields = layer["config"]?.objectValue,
          let name = layer["name"]?.stringValue
        else { return layer }
        let isSingle = layer["class_name"] == "PReLU"
        let next = alphas.isEmpty || !isSingle ? nil : alphas.removeFirst()
        var arrays =
          groups.first { $0.name == name }?.arrays ?? groups.flatMap(\.arrays).filter { $0.name.hasPrefix(name + "_") }
        if arrays.isEmpty, let next { arrays = [next] }
        if arrays.count == 1 || !isSingle && Set(arrays.map(\.shape)).count == 1 {
          let shared = arrays[0].shape.indices.filter { arrays[0].shape[$0] == 1 }.map { $0 + 1 }
          fields["shared_axes"] = shared.isEmpty ? .null : JSON(shared)
        }
        layer["config"] = .object(fields)
        return layer
      })
    model["config"] = .object(config)
    return model
  }
}
