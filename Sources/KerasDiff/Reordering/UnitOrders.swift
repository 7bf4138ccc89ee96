import KerasCore
import KerasModel

/// Follows the order of units through two models of one architecture, from layers whose units stand in another order to
/// those that take them in.
///
/// Reads the weights of a layer at a time.
struct UnitOrders {
  private let a: ModelSide
  private let b: ModelSide
  /// A's layer → B's.
  private let partners: [String: String]
  private var shapes: [String: [(inputs: [Shape], outputs: [Shape])]] = [:]
  private(set) var found: [ModelDiff.UnitReordering] = []
  /// Layers all of whose weights are the other's in these orders, with the layers that brought those about.
  private var explained: [String: Set<String>] = [:]

  /// Throws `ModelError` if A cannot be lowered.
  init(_ a: ModelSide, _ b: ModelSide, layers: [ModelDiff.Layer]) throws(ModelError) {
    self.a = a
    self.b = b
    partners = Dictionary(
      layers.compactMap { layer in layer.pathA.flatMap { path in layer.pathB.map { (path, $0) } } },
      uniquingKeysWith: { first, _ in first })
    for output in try a.model.network.lowered().layerOutputs {
      shapes[output.path, default: []].append((output.inputShapes, output.outputShapes))
    }
  }

  /// Walks through the whole model.
  mutating func follow() throws(ModelError) {
    let inputs = a.model.network.inputReferences.map { _ in UnitOrder?.some(.same) }
    let outputs = try follow(a.model.network, path: [], inputs)
    for case let order? in outputs where order.places != nil {
      fail(order.origins, "the model's outputs stand in that order")
    }
  }

  /// Layers whose weights differ by a consistent reordering alone.
  var consistent: Set<String> {
    let broken = Set(found.filter { !$0.isConsistent }.map(\.layer))
    return Set(explained.filter { $0.value.isDisjoint(with: broken) && !$0.value.isEmpty }.keys)
  }

  private mutating func fail(_ origins: [String], _ problem: String) {
    for index in found.indices where origins.contains(found[index].layer) && found[index].problem == nil {
      found[index].problem = problem
    }
  }

  /// The orders of the model's outputs; `nil` where nothing is known.
  private mutating func follow(
    _ network: Network, path: [String], _ inputs: [UnitOrder?]
  ) throws(ModelError) -> [UnitOrder?] {
    var orders: [Network.Reference: UnitOrder] = [:]
    for (reference, order) in zip(network.inputReferences, inputs) { orders[reference] = order }
    for call in network.calls {
      guard network.entries.indices.contains(call.layer) else { continue }
      let entry = network.entries[call.layer]
      if entry.layer is InputLayer { continue }
      let taken = call.inputs.map { orders[$0] }
      let place = path + [entry.name]
      let results: [UnitOrder?]
      if let inner = entry.layer as? Network {
        results = try follow(inner, path: place, taken)
      } else {
        let extra = call.keywordInputs.values.joined().compactMap { orders[$0] }
        results = [try result(entry, place.joined(separator: "/"), place, taken, extra, call: call.node)]
      }
      for (tensor, order) in results.enumerated() {
        orders[Network.Reference(layer: call.layer, node: call.node, tensor: tensor)] = order
      }
    }
    return network.outputReferences.map { orders[$0] }
  }

  // MARK: One layer

  private mutating func result(
    _ entry: Network.Entry, _ name: String, _ place: [String], _ inputs: [UnitOrder?], _ extra: [UnitOrder], call: Int
  ) throws(ModelError) -> UnitOrder? {
    let known = inputs.compactMap { $0 }
    let origins = Array(Set((known + extra).flatMap(\.origins))).sorted()
    guard known.count == inputs.count, let first = known.first else { return nil }
    let calls = shapes[name] ?? []
    let shape = calls.indices.contains(call) ? calls[call] : calls.first
    var isFollowed = extra.allSatisfy { $0.places == nil }
    var order: UnitOrder? = .same
    switch UnitRole(entry.layer) {
    case _ where !isFollowed: break
    case .product: return try product(name, place, first, kernel: "kernel")
    case .table: return try product(name, place, .same, kernel: "embeddings")
    case .recurrence where inputs.count == 1: return try recurrence(name, place, first)
    case .depthwise: return try depthwise(name, place, first)
    case .featurewise: return try featurewise(name, place, first)
    case .merging:
      if known.allSatisfy({ $0.places == first.places }) {
        order = UnitOrder(places: first.places, origins: origins)
      } else {
        fail(origins, "'\(name)' joins them with features in another order")
        return nil
      }
    case .concatenation: order = concatenated(known, shape?.inputs ?? [], origins)
    case .flattening:
      let counts = (shape?.inputs.first?.dimensions.last ?? nil, shape?.outputs.first?.dimensions.last ?? nil)
      if let channels = counts.0, let features = counts.1, channels > 0 {
        order = first.tiled(features / channels)
      } else {
        isFollowed = first.places == nil
      }
    default: isFollowed = origins.isEmpty
    }
    if !isFollowed || order == nil {
      fail(
        origins, "what '\(name)' (\(entry.className)) makes of the order is not followed; --run compares what comes out"
      )
      return nil
    }
    return order
  }

  private func concatenated(_ orders: [UnitOrder], _ shapes: [Shape], _ origins: [String]) -> UnitOrder? {
    if orders.allSatisfy({ $0.places == nil }) { return .same }
    var places: [Int] = []
    for (index, order) in orders.enumerated() {
      let stated = shapes.indices.contains(index) ? shapes[index].dimensions.last ?? nil : nil
      guard let count = order.places?.count ?? stated else { return nil }
      places += (order.places ?? Array(0..<count)).map { [start = places.count] in start + $0 }
    }
    return UnitOrder(places: places, origins: origins)
  }

  // MARK: Weights

  /// A variable of both models by the last part of its name; `nil` where either lacks it.
  private func arrays(_ place: [String], _ name: String, _ role: String) throws(ModelError) -> (
    a: NumberedArray, b: NumberedArray
  )? {
    guard let partner = partners[name] else { return nil }
    func array(_ side: ModelSide, _ path: [String]) throws(ModelError) -> NumberedArray? {
      let variables = side.variables(of: path)
      guard let variable = variables.first(where: { $0.name.split(separator: "/").last.map(String.init) == role }),
        let data = try side.model.weight(variable.parameter), let values = try? data.floats()
      else { return nil }
      return NumberedArray(data.shape, values)
    }
    guard let own = try array(a, place), let other = try array(b, partner.split(separator: "/").map(String.init)),
      own.shape == other.shape
    else { return nil }
    return (own, other)
  }

  /// Notes that a layer's units go on in that order; those that stand in a new one are a finding.
  private mutating func passed(_ name: String, _ input: UnitOrder, _ places: [Int]) -> UnitOrder {
    let moved = places.enumerated().count { $0.offset != $0.element }
    if moved > 0, !found.contains(where: { $0.layer == name }) {
      found.append(.init(layer: name, moved: moved, units: places.count, followers: [], problem: nil))
    }
    follows(name, input, moved > 0 ? [name] : [])
    return UnitOrder(places: places, origins: [name])
  }

  private mutating func follows(_ name: String, _ input: UnitOrder, _ own: [String] = []) {
    explained[name, default: []].formUnion(input.origins + own)
    for index in found.indices
    where input.origins.contains(found[index].layer) && !found[index].followers.contains(name) {
      found[index].followers.append(name)
    }
  }

  private mutating func refused(_ name: String, _ input: UnitOrder) -> UnitOrder? {
    fail(input.origins, "the weights of '\(name)' do not take them in that order")
    return nil
  }

  private mutating func product(
    _ name: String, _ place: [String], _ input: UnitOrder, kernel role: String
  ) throws(ModelError) -> UnitOrder? {
    guard let kernel = try arrays(place, name, role), let units = kernel.a.shape.last, kernel.a.shape.count >= 2,
      input.places.map({ $0.count == kernel.a.shape[kernel.a.shape.count - 2] }) ?? true
    else { return refused(name, input) }
    var prints = (a: UnitFingerprints(units: units), b: UnitFingerprints(units: units))
    prints.a.add(kernel.a, inputs: input.places)
    prints.b.add(kernel.b)
    if let bias = try arrays(place, name, "bias") {
      prints.a.add(bias.a)
      prints.b.add(bias.b)
    }
    guard let places = prints.a.order(of: prints.b) else { return refused(name, input) }
    return passed(name, input, places)
  }

  private mutating func recurrence(
    _ name: String, _ place: [String], _ input: UnitOrder
  ) throws(ModelError) -> UnitOrder? {
    guard let kernel = try arrays(place, name, "kernel"), let recurrent = try arrays(place, name, "recurrent_kernel"),
      let units = recurrent.a.shape.first, input.places.map({ $0.count == kernel.a.shape[0] }) ?? true
    else { return refused(name, input) }
    var prints = (a: UnitFingerprints(units: units), b: UnitFingerprints(units: units))
    prints.a.add(kernel.a, inputs: input.places)
    prints.b.add(kernel.b)
    if let bias = try arrays(place, name, "bias") {
      prints.a.add(bias.a)
      prints.b.add(bias.b)
    }
    guard let places = prints.a.order(of: prints.b) else { return refused(name, input) }
    // The order found from what comes in must hold for what is fed back.
    let width = recurrent.a.shape.last ?? 0
    for row in 0..<units {
      for column in 0..<width {
        let source = places[row] * width + column / units * units + places[column % units]
        guard recurrent.a.values[source] == recurrent.b.values[row * width + column] else {
          return refused(name, input)
        }
      }
    }
    return passed(name, input, places)
  }

  private mutating func depthwise(
    _ name: String, _ place: [String], _ input: UnitOrder
  ) throws(ModelError) -> UnitOrder? {
    guard let kernel = try arrays(place, name, "kernel"), let multiplier = kernel.a.shape.last, multiplier > 0,
      let channels = kernel.a.shape.dropLast().last
    else { return refused(name, input) }
    let order = input.repeated(multiplier)
    let places = order.places ?? Array(0..<channels * multiplier)
    var pairs = [kernel]
    if let bias = try arrays(place, name, "bias") { pairs.append(bias) }
    for pair in pairs where !isOrdered(pair, places) { return refused(name, input) }
    follows(name, input)
    return order
  }

  private mutating func featurewise(
    _ name: String, _ place: [String], _ input: UnitOrder
  ) throws(ModelError) -> UnitOrder? {
    for variable in a.variables(of: place) {
      let role = variable.name.split(separator: "/").last.map(String.init) ?? variable.name
      guard let pair = try arrays(place, name, role) else { return refused(name, input) }
      // A slope or a factor that all features share has no order.
      guard let count = pair.a.shape.last, count > 1 else {
        if pair.a.values != pair.b.values { return refused(name, input) }
        continue
      }
      if !isOrdered(pair, input.places ?? Array(0..<count)) { return refused(name, input) }
    }
    follows(name, input)
    return input
  }

  /// Whether B is A with blocks of that many numbers in that order.
  private func isOrdered(_ pair: (a: NumberedArray, b: NumberedArray), _ places: [Int]) -> Bool {
    let count = places.count
    guard count > 0, pair.a.values.count % count == 0 else { return false }
    return pair.b.values.indices.allSatisfy { index in
      pair.b.values[index] == pair.a.values[index / count * count + places[index % count]]
    }
  }
}
