import KerasCore
import KerasFile

/// Which stored array fills which variable of the model, why, and how it was converted.
public struct WeightAssignment: Sendable {
  /// What two sides were matched by.
  public enum Reason: String, Sendable, Hashable {
    /// The layer's and the variable's names.
    case name
    /// The position among the layers or arrays, where names say nothing.
    case order
    /// The object path of Keras 3.
    case path
  }

  public struct Row: Sendable {
    /// The model's parameter: `encoder/dense_1/kernel`.
    public var parameter: String
    /// The stored arrays' names and places; several where gates were stored apart.
    public var storedNames: [String]
    public var storedPaths: [String]
    public var storedShapes: [[Int]]
    public var reason: Reason
    /// What was done to the array, if anything: `transposed [2, 3, 1, 0], flipped (Theano)`.
    public var conversion: String?
  }

  public private(set) var rows: [Row] = []
  /// Parameter name → array in the canonical layout, in the stored type.
  public private(set) var weights: [String: TensorData] = [:]

  private let era: Era
  private let config: JSON?

  /// Assigns all stored weights of `source` to the model's variables.
  ///
  /// Throws `weightCount`, `weightShape` or `missingWeight` with the layer's name; a partial match is an error.
  init(_ source: ModelSource, era: Era, model: JSON, targets: [WeightTarget]) throws(ModelError) {
    self.era = era
    config = source.config
    switch source.weights {
    case .none:
      guard targets.isEmpty else {
        throw ModelError(.weightCount(expected: targets.map(\.parameter), found: []))
      }
    case .groups(let groups):
      let leaves = ModelLeaves(model, targets: targets)
      if era.dialect == .keras0 {
        try assign(inOrder: groups.flatMap(\.arrays), to: leaves.layers.flatMap(\.leaves))
      } else {
        try assign(groups, to: leaves)
      }
    case .paths(let objects):
      let isOld = objects.contains { $0.name.hasPrefix("_layer_checkpoint_dependencies") }
      try assign(
        objects, byPath: ModelLeaves(model, targets: targets, scheme: isOld ? .checkpointDependencies : .layers))
    }
    if let missing = targets.first(where: { weights[$0.parameter] == nil }) {
      throw ModelError(.missingWeight(missing.parameter))
    }
  }

  // MARK: Groups by layer

  private mutating func assign(_ groups: [WeightGroup], to model: ModelLeaves) throws(ModelError) {
    let layers = model.layers.filter { !$0.leaves.isEmpty }
    let stored = groups.filter { !$0.arrays.isEmpty }
    var byName: [String: WeightGroup] = [:]
    for group in stored { byName[group.name] = group }
    let areNamed = layers.allSatisfy { byName[$0.name] != nil }
    guard areNamed || layers.count == stored.count else {
      throw ModelError(
        .weightCount(
          expected: layers.map(\.name), found: stored.map { "\($0.name) (\($0.arrays.count) arrays)" }))
    }
    for (index, layer) in layers.enumerated() {
      guard let group = areNamed ? byName[layer.name] : stored[index] else {
        throw ModelError(.missingWeight(layer.name))
      }
      do {
        try assign(group.arrays, toLayer: layer.leaves, reason: areNamed ? .name : .order)
      } catch {
        throw error.inLayer(layer.name)
      }
    }
  }

  /// One group's arrays to a layer, or to the layers of a nested model or wrapper.
  private mutating func assign(
    _ arrays: [StoredArray], toLayer leaves: [ModelLeaf], reason: Reason
  ) throws(ModelError) {
    if leaves.count == 1 { return try store(arrays, in: leaves[0], reason) }
    if let named = byInnerName(arrays, leaves) {
      for (leaf, arrays) in zip(leaves, named) { try store(arrays, in: leaf, reason) }
      return
    }
    // Trainable arrays of all inner layers come first, then the others.
    var slots: [[Int]] = Array(repeating: [], count: leaves.count)
    var next = 0
    for trainable in [true, false] {
      for (index, leaf) in leaves.enumerated() {
        for isTrainable in layerWeights(leaf).storedSlots where (isTrainable && leaf.isTrainable) == trainable {
          slots[index].append(next)
          next += 1
        }
      }
    }
    guard next == arrays.count else {
      throw ModelError(
        .weightCount(
          expected: leaves.flatMap { leaf in leaf.targets.map { "\(leaf.path.last ?? "")/\($0.role)" } },
          found: arrays.map(\.name)))
    }
    for (leaf, indices) in zip(leaves, slots) {
      try store(indices.map { arrays[$0] }, in: leaf, .order)
    }
  }

  /// The arrays of each inner layer by the layer names inside theirs, or `nil` if those don't tell.
  private func byInnerName(_ arrays: [StoredArray], _ leaves: [ModelLeaf]) -> [[StoredArray]]? {
    var result: [[StoredArray]] = Array(repeating: [], count: leaves.count)
    for array in arrays {
      let components = array.name.split(separator: "/").map(String.init)
      var best: (length: Int, leaves: [Int]) = (0, [])
      for (index, leaf) in leaves.enumerated() where !leaf.label.isEmpty {
        let fits =
          array.name.hasPrefix(leaf.label + "/")
          || components.contains { $0 == leaf.label || $0.hasPrefix(leaf.label + "_") && components.count == 1 }
        guard fits else { continue }
        if leaf.label.count > best.length {
          best = (leaf.label.count, [index])
        } else if leaf.label.count == best.length {
          best.leaves.append(index)
        }
      }
      guard best.leaves.count == 1 else { return nil }
      result[best.leaves[0]].append(array)
    }
    for (leaf, arrays) in zip(leaves, result)
    where arrays.count != layerWeights(leaf).storedSlots.count && arrays.count != leaf.targets.count {
      return nil
    }
    return result
  }

  /// Keras 0: no names, every container's children in order.
  private mutating func assign(inOrder arrays: [StoredArray], to leaves: [ModelLeaf]) throws(ModelError) {
    let counts = leaves.map { layerWeights($0).storedSlots.count }
    guard counts.reduce(0, +) == arrays.count else {
      throw ModelError(
        .weightCount(expected: leaves.flatMap { $0.targets.map(\.parameter) }, found: arrays.map(\.path)))
    }
    var next = 0
    for (leaf, count) in zip(leaves, counts) {
      try store(Array(arrays[next..<next + count]), in: leaf, .order)
      next += count
    }
  }

  // MARK: Objects by path

  private mutating func assign(_ objects: [WeightGroup], byPath model: ModelLeaves) throws(ModelError) {
    // Keras 2 named attributes with an underscore that Keras 3 dropped.
    func plain(_ path: String) -> String {
      path.split(separator: "/").map { $0 == "_layer_checkpoint_dependencies" ? $0 : $0.drop { $0 == "_" } }.joined(
        separator: "/")
    }
    var byPath: [String: WeightGroup] = [:]
    for object in objects { byPath[plain(object.name)] = object }
    for leaf in model.layers.flatMap(\.leaves) {
      var holders: [String] = []
      for target in leaf.targets where !holders.contains(target.holder) { holders.append(target.holder) }
      for holder in holders {
        let path = plain(leaf.objectPath + (holder.isEmpty ? "" : "/" + holder))
        guard let object = byPath[path] else {
          throw ModelError(
            .weightCount(expected: leaf.targets.map(\.role), found: [])
          ).inLayer(leaf.path.joined(separator: "/"))
        }
        var part = leaf
        part.targets = leaf.targets.filter { $0.holder == holder }
        try store(object.arrays, in: part, .path)
      }
    }
  }

  // MARK: Storing

  private func layerWeights(_ leaf: ModelLeaf) -> LayerWeights {
    let saved = config?[leaf.pointer]
    let consumeLess = saved?["config"]?["consume_less"] ?? saved?["consume_less"]
    return LayerWeights(
      era: era, className: leaf.className, config: leaf.config, targets: leaf.targets,
      consumeLess: consumeLess?.stringValue)
  }

  private mutating func store(_ arrays: [StoredArray], in leaf: ModelLeaf, _ reason: Reason) throws(ModelError) {
    do {
      for weight in try layerWeights(leaf).convert(arrays) {
        weights[weight.target.parameter] = weight.data
        rows.append(
          Row(
            parameter: weight.target.parameter, storedNames: weight.sources.map(\.name),
            storedPaths: weight.sources.map(\.path), storedShapes: weight.sources.map(\.shape), reason: reason,
            conversion: weight.conversion))
      }
    } catch {
      throw error.inLayer(leaf.path.joined(separator: "/"))
    }
  }
}
