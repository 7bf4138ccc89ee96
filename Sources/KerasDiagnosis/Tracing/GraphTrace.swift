import KerasGraph
import KerasModel

/// Finds in a lowered graph what layers computed before their activation, and from what.
///
/// No layer is known by its class: an activation is a function of the graph that ends a layer's part of it, and what
/// stands before is found through operations that only move numbers about.
struct GraphTrace {
  private(set) var layers: [TracedLayer] = []
  /// The model's graph, with what was added to it to be looked at.
  private(set) var graph: Graph
  private var places: [String: Int] = [:]

  /// Whether no layer moves the last axis of images or sequences elsewhere, where units would be hard to tell.
  private let isChannelsLast: Bool

  private static let containers: Set<String> = ["Sequential", "Functional", "Model"]

  /// `variables` are the model's parameters with the path of the layer that owns each.
  init(_ lowered: LoweredModel, variables: [(name: String, layer: String)]) {
    graph = lowered.graph
    isChannelsLast = !lowered.graph.nodes.contains { node in
      guard case .transpose(let permutation) = node.op, permutation.count > 2 else { return false }
      return permutation.last != permutation.count - 1
    }
    for output in lowered.layerOutputs where !Self.containers.contains(output.className) {
      if places[output.path] == nil {
        places[output.path] = layers.count
        layers.append(TracedLayer(path: output.path, className: output.className))
      }
    }
    for (name, layer) in variables {
      if let place = places[layer] { layers[place].variables.append(name) }
    }
    for output in lowered.layerOutputs {
      guard let place = places[output.path] else { continue }
      for value in output.outputValues where graph.type(value).dtype == .float32 && graph.shape(value).rank > 0 {
        add(value, to: place)
      }
    }
    findSources()
    findOutputs()
    addGates()
  }

  // MARK: Activation and product

  private mutating func add(_ output: Value, to place: Int) {
    let (path, owned) = (layers[place].path, layers[place].variables)
    var application = TracedLayer.Application(output: output)
    let end = unmoved(output, in: path)
    /// Where units that lie along an axis of `end` lie in the output.
    func outputAxis(_ axis: Int?) -> Int? { end.moves.reversed().reduce(axis) { $1.moved($0) } }
    let node = graph.nodes[end.value.node]
    let last = graph.shape(end.value).rank - 1
    if owns(path, node.scope) {
      if case .recurrence(let recurrence) = node.op {
        application.outputAxis = outputAxis(last)
        // The output of a simple cell is its activation's; a gated cell's is a product.
        if recurrence.cell == .simple, end.value.output == 0, case .unary(let function) = recurrence.activation {
          layers[place].activation = TracedActivation(.unary(function))
        }
      } else if let activation = TracedActivation(node.op), let operand = node.operands.first {
        layers[place].activation = activation
        let linear = product(before: operand, in: path, owned: owned)
        let axis = linear != nil ? linear?.axis : isChannelsLast ? last : nil
        application.preActivation = operand
        application.preActivationAxis = axis
        application.product = linear?.product
        application.outputAxis = outputAxis(axis)
        if case .softmax = activation {
          // A softmax is measured where it is computed.
          (application.output, application.outputAxis) = (end.value, axis)
        }
      } else if let linear = product(before: end.value, in: path, owned: owned) {
        application.product = linear.product
        application.outputAxis = outputAxis(linear.axis)
      } else if isChannelsLast {
        application.outputAxis = outputAxis(last)
      }
    }
    layers[place].applications.append(application)
  }

  private func owns(_ path: String, _ scope: String) -> Bool { scope == path || scope.hasPrefix(path + "/") }

  /// How an operation moves the axis of the units.
  private enum Move {
    case transpose([Int])
    /// From the last axis to the last of another rank, or to where it cannot be told.
    case reshape(from: Int, to: Int?)

    /// Where the operand's axis is in the result.
    func moved(_ axis: Int?) -> Int? {
      switch self {
      case .transpose(let permutation): axis.flatMap { permutation.firstIndex(of: $0) }
      case .reshape(let old, let new): axis == old ? new : nil
      }
    }
  }

  /// The value before operations that only move its numbers, and these, the last first.
  private func unmoved(_ value: Value, in path: String?) -> (value: Value, moves: [Move]) {
    var (value, moves) = (value, [Move]())
    while true {
      let node = graph.nodes[value.node]
      guard let operand = node.operands.first, path.map({ owns($0, node.scope) }) ?? true else { break }
      switch node.op {
      case .transpose(let permutation): moves.append(.transpose(permutation))
      case .reshape:
        let (old, new) = (graph.shape(operand).dimensions, graph.shape(value).dimensions)
        let keepsLast = old.last == new.last && old.last != .some(nil)
        moves.append(.reshape(from: old.count - 1, to: keepsLast ? new.count - 1 : nil))
      case .unary(.rounded), .cast, .stopGradient: break
      default: return (value, moves)
      }
      value = operand
    }
    return (value, moves)
  }

  /// The product that a value is, up to a bias and to where its numbers stand; `axis` is that of the units in `value`.
  private func product(
    before value: Value, in path: String, owned: [String]
  ) -> (product: TracedLayer.Product, axis: Int?)? {
    // A layer without variables may activate what another computed.
    let scope = owned.isEmpty ? nil : path
    var bias: String?
    var current = value
    var moves: [Move] = []
    for _ in 0..<32 {
      let node = graph.nodes[current.node]
      guard scope.map({ owns($0, node.scope) }) ?? true, let first = node.operands.first else { return nil }
      switch node.op {
      case .transpose(let permutation):
        moves.append(.transpose(permutation))
        current = first
      case .unary(.rounded), .cast: current = first
      case .reshape:
        let (old, new) = (graph.shape(first).dimensions, graph.shape(current).dimensions)
        guard old.last == new.last else { return nil }
        moves.append(.reshape(from: old.count - 1, to: new.count - 1))
        current = first
      case .binary(.add):
        guard bias == nil, node.operands.count == 2 else { return nil }
        if let name = parameter(node.operands[1]) {
          (bias, current) = (name, first)
        } else if let name = parameter(first) {
          (bias, current) = (name, node.operands[1])
        } else {
          return nil
        }
      case .matmul, .convolution, .convolutionInputGradient:
        guard node.operands.count >= 2, let kernel = parameter(node.operands[1]), parameter(first) == nil else {
          return nil
        }
        let axis = moves.reversed().reduce(Optional(graph.shape(current).rank - 1)) { $1.moved($0) }
        return (TracedLayer.Product(input: first, kernel: kernel, bias: bias), axis)
      default: return nil
      }
    }
    return nil
  }

  /// The variable that a value is, up to its form.
  private func parameter(_ value: Value) -> String? {
    var value = value
    while true {
      let node = graph.nodes[value.node]
      switch node.op {
      case .parameter(let name): return name
      case .reshape, .transpose, .cast, .broadcast, .unary(.rounded), .reverse:
        guard let operand = node.operands.first else { return nil }
        value = operand
      default: return nil
      }
    }
  }

  // MARK: Where numbers come from

  /// The layer with variables that a node belongs to.
  private func owner(_ scope: String) -> Int? {
    var path = scope[...]
    while !path.isEmpty {
      if let place = places[String(path)], !layers[place].variables.isEmpty { return place }
      guard let slash = path.lastIndex(of: "/") else { return nil }
      path = path[..<slash]
    }
    return nil
  }

  private mutating func findSources() {
    let ends = Dictionary(
      layers.flatMap { layer in layer.applications.map { ($0.output, layer.path) } },
      uniquingKeysWith: { first, _ in first })
    for place in layers.indices where !layers[place].variables.isEmpty || layers[place].activation != nil {
      var producers: [String] = []
      var inputs: [String] = []
      for application in layers[place].applications {
        var open = [application.product?.input ?? application.preActivation ?? application.output]
        if layers[place].variables.isEmpty, let value = application.preActivation {
          open = [value]
          layers[place].activates = ends[value]
        }
        var seen = Set(open)
        while let value = open.popLast() {
          let node = graph.nodes[value.node]
          if case .input(let name) = node.op {
            if !inputs.contains(name) { inputs.append(name) }
            continue
          }
          if let owner = owner(node.scope), owner != place {
            if !producers.contains(layers[owner].path) { producers.append(layers[owner].path) }
            continue
          }
          for operand in node.operands where seen.insert(operand).inserted { open.append(operand) }
        }
      }
      (layers[place].producers, layers[place].inputs) = (producers, inputs)
    }
  }

  private mutating func findOutputs() {
    let ends = Set(graph.outputs.map { unmoved($0, in: nil).value })
    for place in layers.indices {
      layers[place].isOutput = layers[place].applications.contains {
        graph.outputs.contains($0.output) || ends.contains(unmoved($0.output, in: nil).value)
      }
    }
    for layer in layers where layer.isOutput {
      if let place = layer.activates.flatMap({ places[$0] }) { layers[place].isOutput = true }
    }
  }

  // MARK: Gates

  private mutating func addGates() {
    for node in graph.nodes.indices {
      guard case .recurrence(let recurrence) = graph.nodes[node].op, let place = owner(graph.nodes[node].scope) else {
        continue
      }
      // What cannot be computed once more stays unknown.
      guard let gates = try? RecurrentGates.add(node, to: &graph) else { continue }
      let isWrapped = graph.nodes[node].scope != layers[place].path
      for gate in gates {
        let name = isWrapped ? (recurrence.goBackwards ? "backward " : "forward ") + gate.name : gate.name
        let call = (gate.preActivation, gate.output)
        if let known = layers[place].gates.firstIndex(where: { $0.name == name }) {
          layers[place].gates[known].calls.append(call)
        } else {
          layers[place].gates.append(TracedLayer.Gate(name: name, activation: gate.activation, calls: [call]))
        }
      }
    }
    graph.scope = ""
  }
}
