import KerasCore
import KerasFile

extension ModelDiff {
  /// Compares the arrays of two files that hold weights only, as they are stored.
  ///
  /// Layers are matched by name, else in order where their numbers agree. Throws `KerasFileError` of an unreadable array.
  public static func compareStored(_ a: ModelSource, _ b: ModelSource) throws(KerasFileError) -> ModelDiff {
    var diff = ModelDiff(
      fileA: a.file, fileB: b.file, layers: [], model: [], compile: [], optimizerState: [],
      incomparable: ["Neither file holds an architecture: arrays are compared as stored, not in Keras 3's layout."])
    let (own, other) = (groups(a), groups(b))
    let isByName = Set(own.map(\.name)) == Set(other.map(\.name)) || own.count != other.count
    var rest = Array(other.indices)
    for (index, group) in own.enumerated() {
      let partner = isByName ? rest.first { other[$0].name == group.name } : index
      rest.removeAll { $0 == partner }
      diff.layers.append(try layer(group, partner.map { other[$0] }, file: a.file))
    }
    for index in rest {
      var layer = ModelDiff.Layer(pathB: other[index].name, className: "")
      layer.weights = other[index].arrays.map { Weight(name: $0.name, shapeB: $0.shape) }
      diff.layers.append(layer)
    }
    return diff
  }

  private static func groups(_ source: ModelSource) -> [WeightGroup] {
    switch source.weights {
    case .none: []
    case .groups(let groups), .paths(let groups): groups.filter { !$0.arrays.isEmpty }
    }
  }

  private static func layer(_ a: WeightGroup, _ b: WeightGroup?, file: String) throws(KerasFileError) -> Layer {
    var layer = Layer(pathA: a.name, pathB: b?.name, className: "")
    for index in 0..<max(a.arrays.count, b?.arrays.count ?? 0) {
      let own = a.arrays.indices.contains(index) ? a.arrays[index] : nil
      let other = b.flatMap { $0.arrays.indices.contains(index) ? $0.arrays[index] : nil }
      var weight = Weight(name: (own ?? other)?.name ?? "", shapeA: own?.shape, shapeB: other?.shape)
      if let own, let other {
        let arrays = (try own.read(), try other.read())
        do {
          weight.relation = try ArrayRelation.between(arrays.0, arrays.1)
        } catch {
          throw KerasFileError(file: file, .damaged("\(own.path): \(error)"))
        }
      }
      layer.weights.append(weight)
    }
    return layer
  }
}
