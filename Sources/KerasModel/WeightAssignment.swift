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
    /// The shapes, in order or because only one layer has them, where names and numbers do not fit.
    case shape
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
    ///
    /// `nil` also for weights that were not read.
    public var conversion: String?
  }

  public private(set) var rows: [Row] = []
  /// Parameter name → array in the canonical layout, in the stored type.
  public private(set) var weights: [String: TensorData] = [:]

  /// What is read only when it is asked for.
  private var unreadWeights: [String: UnreadWeight] = [:]

  /// Variables that no stored array fits: left out here, given their initializer's value by the caller.
  public private(set) var unfilled: [String] = []
  /// Stored arrays that fill no variable, with their shapes.
  public private(set) var unread: [String] = []

  private let readsWeights: Bool
  private let era: Era
  private let config: JSON?
  private let total: Int
  private let progress: (@Sendable (Int, Int) -> Void)?

  /// Assigns all stored weights of `source` to the model's variables.
  ///
  /// Throws `weightCount` or `weightShape` with the layer's name, or `unmatchedWeights` with both sides. With
  /// `allowsPartial` what fits is taken, and `unfilled` and `unread` list the rest. Without `readsWeights` shapes alone
  /// decide, and `weight(_:)` reads.
  init(
    _ source: ModelSource, era: Era, model: JSON, targets: [WeightTarget], allowsPartial: Bool = false,
    readsWeights: Bool = true, progress: (@Sendable (_ read: Int, _ total: Int) -> Void)? = nil
  ) throws(ModelError) {
    self.readsWeights = readsWeights
    self.era = era
    config = source.config
    total = targets.count
    self.progress = progress
    switch source.weights {
    case .none:
      guard targets.isEmpty || allowsPartial else {
        throw ModelError(.weightCount(expected: targets.map(\.parameter), found: []))
      }
    case .groups(let groups):
      let leaves = ModelLeaves(model, targets: targets)
      do {
        try assignDirectly(groups, to: leaves)
      } catch {
        try match(groups, to: leaves.layers.flatMap(\.leaves), allowsPartial: allowsPartial, instead: error)
      }
    case .paths(let objects):
      let isOld = objects.contains { $0.name.hasPrefix("_layer_checkpoint_dependencies") }
      let leaves = ModelLeaves(model, targets: targets, scheme: isOld ? .checkpointDependencies : .layers)
      do {
        try assign(objects, byPath: leaves, allowsPartial: allowsPartial)
      } catch {
        // Random states are no weights.
        let named = objects.filter { !$0.name.hasSuffix("seed_generator") }.map {
          WeightGroup(name: $0.layerName ?? $0.name, arrays: $0.arrays)
        }
        try match(
          named, to: leaves.layers.flatMap(\.leaves), isByPath: true, allowsPartial: allowsPartial, instead: error)
      }
    }
    unfilled = targets.map(\.parameter).filter { weights[$0] == nil && unreadWeights[$0] == nil }
    if !allowsPartial, let missing = unfilled.first { throw ModelError(.missingWeight(missing)) }
  }

  /// Whether any variable has an array.
  public var isEmpty: Bool { weights.isEmpty && unreadWeights.isEmpty }

  /// A variable's array in the canonical layout, read now if it was not; `nil` for variables without one.
  public func weight(_ parameter: String) throws(ModelError) -> TensorData? {
    if let data = weights[parameter] { return data }
    guard let unread = unreadWeights[parameter] else { return nil }
    return try unread.layer.convert(unread.plan).data
  }

  /// The shapes of all variables that have an array.
  public var shapes: [String: [Int]] {
    weights.mapValues(\.shape).merging(unreadWeights.mapValues(\.plan.target.shape)) { read, _ in read }
  }

  /// The stored array that is a variable's as it is, if it was not read and nothing has to be done to it.
  public func storedArray(_ parameter: String) -> StoredArray? {
    guard weights[parameter] == nil, let unread = unreadWeights[parameter] else { return nil }
    return unread.layer.arrayTakenAsStored(unread.plan)
  }

  /// As Keras does: by the layers' names, else in order.
  private mutating func assignDirectly(_ groups: [WeightGroup], to leaves: ModelLeaves) throws(ModelError) {
    if let whole = groups.first, groups.count == 1, whole.isWholeModel {
      try assign(wholeModel: whole.arrays, to: leaves)
    } else if groups.contains(where: { !$0.arrays.isEmpty }), era.dialect == .keras0 {
      try assign(inOrder: groups.flatMap(\.arrays), to: leaves.layers.flatMap(\.leaves))
    } else {
      try assign(groups, to: leaves)
    }
  }

  // MARK: What neither names nor numbers settle

  /// Matches single layers and arrays where whole layers did not fit, for the reason `error`.
  private mutating func match(
    _ groups: [WeightGroup], to leaves: [ModelLeaf], isByPath: Bool = false, allowsPartial: Bool,
    instead error: ModelError
  ) throws(ModelError) {
    if case .file = error.cause { throw error }
    rows = []
    weights = [:]
    unreadWeights = [:]
    let matching = WeightMatching(
      leaves: leaves, layers: leaves.map { layerWeights($0) }, groups: groups, isPartial: allowsPartial)
    guard allowsPartial || matching.isComplete else {
      // An error inside a layer that is named rightly says more than the lists of what is left.
      let isNamed = groups.contains { group in
        error.layer.map { $0 == group.name || $0.hasPrefix(group.name + "/") } == true
      }
      switch error.cause {
      case .weightCount(_, let found) where found.isEmpty || error.layer == nil: break
      case .weightCount where !isNamed, .weightShape where !isNamed && !isByPath: break
      default: throw error
      }
      throw ModelError(
        .unmatchedWeights(
          variables: matching.unmatchedLeaves.flatMap { leaf in
            leaves[leaf].targets.map { "\($0.parameter) \(Shape($0.shape))" }
          }, arrays: matching.unmatchedArrays.map(Self.describe)), layer: error.layer)
    }
    for match in matching.matches { try store(match.arrays, in: leaves[match.leaf], match.reason) }
    unread = matching.unmatchedArrays.map(Self.describe)
  }

  private static func describe(_ array: StoredArray) -> String { "\(array.path) \(Shape(array.shape))" }

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
    if areNamed {
      let names = Set(layers.map(\.name))
      let others = stored.filter { !names.contains($0.name) }
      // Keras before 2.8 knew no weights of the model itself, and no layer reads them.
      guard others.allSatisfy({ $0.name == "top_level_model_weights" }) else {
        throw ModelError(.weightCount(expected: layers.map(\.name), found: stored.map(\.name)))
      }
      unread = others.flatMap { $0.arrays.map(Self.describe) }
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

  /// The arrays of `get_weights()`, layer after layer.
  ///
  /// Inside a nested model Keras 3 goes on so; earlier releases gave all trainable arrays first.
  private mutating func assign(wholeModel arrays: [StoredArray], to model: ModelLeaves) throws(ModelError) {
    guard era.dialect < .keras3 else { return try assign(inOrder: arrays, to: model.layers.flatMap(\.leaves)) }
    let counts = model.layers.map { layer in layer.leaves.map { layerWeights($0).storedSlots.count }.reduce(0, +) }
    guard counts.reduce(0, +) == arrays.count else {
      throw ModelError(.weightCount(expected: model.layers.map(\.name), found: arrays.map(\.path)))
    }
    var next = 0
    for (layer, count) in zip(model.layers, counts) where count > 0 {
      try assign(Array(arrays[next..<next + count]), toLayer: layer.leaves, reason: .order)
      next += count
    }
  }

  // MARK: Objects by path

  private mutating func assign(
    _ objects: [WeightGroup], byPath model: ModelLeaves, allowsPartial: Bool
  ) throws(ModelError) {
    // Keras 2 named attributes with an underscore that Keras 3 dropped.
    func plain(_ path: String) -> String {
      path.split(separator: "/").map { $0 == "_layer_checkpoint_dependencies" ? $0 : $0.drop { $0 == "_" } }.joined(
        separator: "/")
    }
    var byPath: [String: WeightGroup] = [:]
    for object in objects { byPath[plain(object.name)] = object }
    let leaves = model.layers.flatMap(\.leaves)
    var paths: [String] = []
    var failure: ModelError?
    for leaf in leaves {
      do {
        try store(byPath, plain, in: leaf)
        paths.append(plain(leaf.objectPath))
      } catch {
        guard allowsPartial else { throw error }
        failure = error
      }
    }
    if let failure, paths.isEmpty { throw failure }
    // What a layer keeps beside its variables (random states) is no weight; an object of no layer at all is left over.
    let others = objects.filter { object in
      let path = plain(object.name)
      let isLayer = path.hasPrefix("layers/") || path.hasPrefix("_layer_checkpoint_dependencies/")
      return isLayer && !path.hasSuffix("seed_generator")
        && !paths.contains { $0 == path || path.hasPrefix($0 + "/") || $0.hasPrefix(path + "/") }
    }
    unread = others.flatMap { $0.arrays.map(Self.describe) }
  }

  /// Fills a layer from its objects, one for each holder of variables inside it.
  private mutating func store(
    _ byPath: [String: WeightGroup], _ plain: (String) -> String, in leaf: ModelLeaf
  ) throws(ModelError) {
    var holders: [String] = []
    for target in leaf.targets where !holders.contains(target.holder) { holders.append(target.holder) }
    for holder in holders {
      let path = plain(leaf.objectPath + (holder.isEmpty ? "" : "/" + holder))
      guard let object = byPath[path] else {
        throw ModelError(.weightCount(expected: leaf.targets.map(\.role), found: []))
          .inLayer(leaf.path.joined(separator: "/"))
      }
      var part = leaf
      part.targets = leaf.targets.filter { $0.holder == holder }
      try store(object.arrays, in: part, .path)
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
      let layer = layerWeights(leaf)
      let plans = try layer.planned(arrays)
      // All or none of a layer's.
      var converted: [ConvertedWeight?] = []
      for plan in plans { converted.append(readsWeights || !layer.fits(plan) ? try layer.convert(plan) : nil) }
      for (plan, weight) in zip(plans, converted) {
        let parameter = plan.target.parameter
        if let weight {
          weights[parameter] = weight.data
        } else {
          unreadWeights[parameter] = UnreadWeight(layer: layer, plan: plan)
        }
        let sources = weight?.sources ?? plan.sources
        rows.append(
          Row(
            parameter: parameter, storedNames: sources.map(\.name), storedPaths: sources.map(\.path),
            storedShapes: sources.map(\.shape), reason: reason, conversion: weight?.conversion))
      }
      progress?(weights.count, total)
    } catch {
      throw error.inLayer(leaf.path.joined(separator: "/"))
    }
  }
}

/// A weight whose arrays are still in the file.
private struct UnreadWeight: Sendable {
  var layer: LayerWeights
  var plan: PlannedWeight
}
