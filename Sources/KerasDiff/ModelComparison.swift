import KerasCore
import KerasModel

/// Walks through two models at once, nested models inside.
struct ModelComparison {
  let a: ModelSide
  let b: ModelSide
  var comparesWeights = true
  var layers: [ModelDiff.Layer] = []
  var model: [ModelDiff.Field] = []
  /// A's parameter → B's.
  private(set) var parameters: [String: String] = [:]

  init(a: ModelSide, b: ModelSide) {
    self.a = a
    self.b = b
  }

  /// Compares two models, of which `configs` are the canonical objects.
  mutating func compare(
    _ x: Network, _ y: Network, _ configs: [JSON], pathA: [String], pathB: [String]
  ) throws(ModelError) {
    let matching = LayerMatching(x.entries, y.entries)
    let objects = configs.map { $0["config"]?["layers"]?.arrayValue ?? [] }
    let references = (
      a: References(x, names: x.entries.map { .some($0.name) }),
      b: References(
        y,
        names: y.entries.indices.map { j in
          matching.pairs.first { $0.b == j }.map { x.entries[$0.a].name }
        })
    )
    compareModels(x, y, references, place: pathA.joined(separator: "/"))
    var last = -1
    for (i, j) in matching.pairs {
      let (p, q) = (x.entries[i], y.entries[j])
      let (layerA, layerB) = (pathA + [p.name], pathB + [q.name])
      var layer = ModelDiff.Layer(
        pathA: layerA.joined(separator: "/"), pathB: layerB.joined(separator: "/"), className: p.className)
      layer.isReordered = j < last
      last = max(last, j)
      let own = (
        a: objects[0].indices.contains(i) ? objects[0][i] : .null,
        b: objects[1].indices.contains(j) ? objects[1][j] : .null
      )
      layer.fields = fields(p, q, own.a, own.b, layerA, layerB)
      if !(p.layer is InputLayer) { layer.connections = connections(references, i, j) }
      let inner = (p.layer as? Network, q.layer as? Network)
      if inner.0 == nil { layer.weights = try weights(layerA, layerB) }
      layers.append(layer)
      if let p = inner.0, let q = inner.1 {
        try compare(p, q, [own.a, own.b], pathA: layerA, pathB: layerB)
      }
    }
    // An InputLayer only states what the model's inputs are, and these are compared.
    for i in matching.onlyA where !(x.entries[i].layer is InputLayer) {
      let path = pathA + [x.entries[i].name]
      var layer = ModelDiff.Layer(pathA: path.joined(separator: "/"), className: x.entries[i].className)
      layer.weights = a.variables(of: path).map { .init(name: $0.name, shapeA: $0.shape) }
      layers.append(layer)
    }
    for j in matching.onlyB where !(y.entries[j].layer is InputLayer) {
      let path = pathB + [y.entries[j].name]
      var layer = ModelDiff.Layer(pathB: path.joined(separator: "/"), className: y.entries[j].className)
      layer.weights = b.variables(of: path).map { .init(name: $0.name, shapeB: $0.shape) }
      layers.append(layer)
    }
  }

  // MARK: Configs

  private mutating func compareModels(
    _ x: Network, _ y: Network, _ references: (a: References, b: References), place: String
  ) {
    let prefix = place.isEmpty ? "" : place + " "
    if x.className != y.className {
      model.append(.init(name: prefix + "class", a: .string(x.className), b: .string(y.className), effect: .note))
    }
    let outputs = (
      JSON.array(x.outputReferences.map { .string(references.a.text($0)) }),
      JSON.array(y.outputReferences.map { .string(references.b.text($0)) })
    )
    if outputs.0 != outputs.1 {
      model.append(.init(name: prefix + "outputs", a: outputs.0, b: outputs.1, effect: .inference))
    }
    if place.isEmpty, let p = try? x.inputs, let q = try? y.inputs {
      let shapes = [p, q].map { inputs in
        JSON.array(inputs.map { JSON(Shape(Array($0.type.shape.dimensions.dropFirst()))) })
      }
      if shapes[0] != shapes[1] {
        model.append(.init(name: "input shapes", a: shapes[0], b: shapes[1], effect: .inference))
      }
    }
  }

  private func fields(
    _ p: Network.Entry, _ q: Network.Entry, _ objectA: JSON, _ objectB: JSON, _ pathA: [String], _ pathB: [String]
  ) -> [ModelDiff.Field] {
    var found: [ModelDiff.Field] = []
    if p.layer is Network {
      if p.className != q.className {
        found.append(.init(name: "class", a: .string(p.className), b: .string(q.className), effect: .note))
      }
    } else {
      found = FieldComparison.compare(.object(p.layer.config), .object(q.layer.config), name: "")
      for index in found.indices where found[index].name == "batch_shape" {
        let shapes = [found[index].a, found[index].b].map { $0?.arrayValue?.dropFirst().map { $0 } }
        if shapes[0] == shapes[1] { found[index].effect = .note }
      }
      found += FieldComparison.compare(objectA["config"]?["dtype"], objectB["config"]?["dtype"], name: "dtype")
    }
    if p.trainable != q.trainable {
      found.append(.init(name: "trainable", a: .bool(p.trainable), b: .bool(q.trainable), effect: .training))
    }
    for index in found.indices {
      found[index].savedInA = a.saved(found[index].name, of: pathA)
      found[index].savedInB = b.saved(found[index].name, of: pathB)
    }
    return found
  }

  private func connections(_ references: (a: References, b: References), _ i: Int, _ j: Int) -> ModelDiff.Field? {
    let (p, q) = (references.a.calls(of: i), references.b.calls(of: j))
    return p == q ? nil : ModelDiff.Field(name: "inputs", a: p, b: q, effect: .inference)
  }

  // MARK: Weights

  private mutating func weights(_ pathA: [String], _ pathB: [String]) throws(ModelError) -> [ModelDiff.Weight] {
    let (own, other) = (a.variables(of: pathA), b.variables(of: pathB))
    var rest = Array(other.indices)
    var found: [ModelDiff.Weight] = []
    let isByOrder = own.count == other.count && Set(own.map(\.name)) != Set(other.map(\.name))
    for (index, variable) in own.enumerated() {
      let partner = isByOrder ? index : rest.first { other[$0].name == variable.name }
      guard let partner else {
        if comparesWeights { found.append(.init(name: variable.name, shapeA: variable.shape)) }
        continue
      }
      rest.removeAll { $0 == partner }
      parameters[variable.parameter] = other[partner].parameter
      if let weight = try weight(variable.name, variable, other[partner]) { found.append(weight) }
    }
    Self.settleSmall(&found)
    if comparesWeights { found += rest.map { .init(name: other[$0].name, shapeB: other[$0].shape) } }
    return found
  }

  /// A few numbers alone cannot be told from chance: beside a trained array of the layer they are trained too if they look
  /// like it.
  private static func settleSmall(_ weights: inout [ModelDiff.Weight]) {
    func isTrained(_ weight: ModelDiff.Weight) -> Bool {
      if case .trained = weight.relation { true } else { false }
    }
    guard weights.contains(where: isTrained) else { return }
    for index in weights.indices {
      guard case .unrelated(let distance, let cosine) = weights[index].relation, cosine > 0.5,
        weights[index].shapeA?.reduce(1, *) ?? 0 <= 64
      else { continue }
      weights[index].relation = .trained(distance: distance, cosine: cosine)
    }
  }

  private func weight(
    _ name: String, _ own: (name: String, parameter: String, shape: [Int]),
    _ other: (name: String, parameter: String, shape: [Int])
  ) throws(ModelError) -> ModelDiff.Weight? {
    var weight = ModelDiff.Weight(name: name, shapeA: own.shape, shapeB: other.shape)
    guard comparesWeights else {
      // Without numbers the shapes still tell.
      weight.relation = .otherShape
      return own.shape == other.shape ? nil : weight
    }
    guard let x = try a.model.weight(own.parameter), let y = try b.model.weight(other.parameter) else { return weight }
    weight.relation = try Self.relation(x, y, name)
    return weight
  }

  private static func relation(_ x: TensorData, _ y: TensorData, _ name: String) throws(ModelError) -> ArrayRelation {
    do {
      return try ArrayRelation.between(x, y)
    } catch {
      throw ModelError(.malformedConfig("the weight '\(name)': \(error)"))
    }
  }

  /// The optimizers' arrays by slot and variable, in A's names.
  func states(_ x: OptimizerState?, _ y: OptimizerState?) throws(ModelError) -> [ModelDiff.Weight] {
    guard x != nil || y != nil else { return [] }
    var found: [ModelDiff.Weight] = []
    func count(_ state: OptimizerState?) throws(ModelError) -> TensorData? {
      guard let state else { return nil }
      do { return try TensorData(shape: [], int64s: [Int64(state.iterations)]) } catch { return nil }
    }
    func add(_ name: String, _ p: TensorData?, _ q: TensorData?) throws(ModelError) {
      var weight = ModelDiff.Weight(name: name, shapeA: p?.shape, shapeB: q?.shape)
      if let p, let q { weight.relation = try Self.relation(p, q, name) }
      found.append(weight)
    }
    try add("iterations", count(x), count(y))
    for slot in Set((x?.slots ?? [:]).keys).union((y?.slots ?? [:]).keys).sorted() {
      let (p, q) = (x?.slots[slot] ?? [:], y?.slots[slot] ?? [:])
      var rest = Set(q.keys)
      for own in p.keys.sorted() {
        let other = parameters[own]
        if let other { rest.remove(other) }
        try add("\(own) \(slot)", p[own], other.flatMap { q[$0] })
      }
      for other in rest.sorted() { try add("\(other) \(slot)", nil, q[other]) }
    }
    return found
  }
}

/// A model's connections as text, with the layers in one side's names.
struct References {
  private let network: Network
  private let names: [String?]

  init(_ network: Network, names: [String?]) {
    self.network = network
    self.names = names
  }

  func text(_ reference: Network.Reference) -> String {
    if let place = network.inputReferences.firstIndex(of: reference) { return "input \(place + 1)" }
    guard names.indices.contains(reference.layer) else { return "input" }
    let name = names[reference.layer] ?? network.entries[reference.layer].name + " (new)"
    return name + (reference.node > 0 ? " call \(reference.node + 1)" : "")
      + (reference.tensor > 0 ? " tensor \(reference.tensor + 1)" : "")
  }

  /// What each call of a layer takes.
  func calls(of layer: Int) -> JSON {
    let calls = network.calls.filter { $0.layer == layer }.sorted { $0.node < $1.node }
    return .array(
      calls.map { call in
        var inputs = call.inputs.map { JSON.string(text($0)) }
        for (key, values) in call.keywordInputs.sorted(by: { $0.key < $1.key }) {
          inputs += values.map { .string("\(key): \(text($0))") }
        }
        return .array(inputs)
      })
  }
}
