import KerasCore

/// A graph in two parts: what depends on each sample and unchanging parameters alone, and the rest.
///
/// The first part gives the same row for a sample in every run, so that it needs to be computed once.
public struct FrozenPrefix: Sendable {
  /// From the graph's inputs to the values that the rest takes.
  public let prefix: Graph
  /// The graph without the prefix, whose results are inputs of it; its outputs are those of the graph.
  public let rest: Graph
  /// The rest's inputs that are the prefix's outputs, in their order.
  public let names: [String]
  /// The shape of one sample's row of each, where it is known.
  public let rowShapes: [Shape]
  /// The layers that the prefix computes, in order.
  public let layers: [String]
  /// Which parameters and constants of the graph stand for those of the prefix and of the rest.
  public let prefixWeights: [Value: Value]
  public let restWeights: [Value: Value]

  /// Splits a graph; `nil` if nothing worth it can be computed once.
  ///
  /// `inputs` are those with an axis of samples; `changing` are the parameters that may change between runs; nodes of
  /// `excluded` and what depends on them belong to the rest.
  public init?(
    of graph: Graph, inputs: Set<String>, changing: Set<String>, excluded: Set<Int> = []
  ) throws(GraphError) {
    let dependences = graph.rowDependences(inputs: inputs, changing: changing, excluded: excluded)
    let alive = graph.nodes(neededFor: graph.outputs, stoppingAt: [])
    var cut = PrefixCut(graph, dependences, alive)
    cut.moveTowardsInputs()
    let computed = graph.nodes(neededFor: cut.values, stoppingAt: [])
    let isWorthIt = graph.nodes.indices.contains { index in
      computed[index] && dependences[index] != .fixed && !graph.nodes[index].op.isCheap
    }
    guard isWorthIt else { return nil }

    var prefix = GraphCopy(graph)
    try prefix.add(computed)
    var rest = GraphCopy(graph)
    var names: [String] = []
    var shapes: [Shape] = []
    for (index, value) in cut.values.enumerated() {
      let type = graph.type(value)
      let name = "prefix/\(index)"
      guard case .rows(let multiple) = dependences[value.node], let copy = prefix.values[value] else { return nil }
      let inner = Array(type.shape.dimensions.dropFirst())
      if multiple == 1 {
        prefix.graph.outputs.append(copy)
        rest.values[value] = rest.graph.addInput(name, type)
      } else {
        // A sample's entries are one row.
        let fixed = Shape(inner).concrete ?? []
        let sizes = fixed.map { TargetDimension.fixed($0) }
        prefix.graph.outputs.append(try prefix.graph.add(.reshape([.inferred, .fixed(multiple)] + sizes), [copy])[0])
        let row = rest.graph.addInput(name, TensorType(type.dtype, Shape([nil, multiple] + inner)))
        rest.values[value] = try rest.graph.add(.reshape([.inferred] + sizes), [row])[0]
      }
      names.append(name)
      shapes.append(Shape(multiple == 1 ? inner : [multiple] + inner))
    }
    rest.batch = cut.values.first { dependences[$0.node] == .rows(multiple: 1) }.flatMap { rest.values[$0] }
    if rest.batch != nil { rest.samples = { dependences[$0.node] == .rows(multiple: 1) } }
    try rest.add(graph.nodes(neededFor: graph.outputs, stoppingAt: Set(cut.values), shapesOf: rest.samples))
    for output in graph.outputs {
      guard let copy = rest.values[output] else { return nil }
      rest.graph.outputs.append(copy)
    }
    self.prefix = prefix.graph
    self.rest = rest.graph
    prefixWeights = prefix.weights
    restWeights = rest.weights
    self.names = names
    rowShapes = shapes
    var layers: [String] = []
    for (index, node) in graph.nodes.enumerated() where computed[index] && dependences[index] != .fixed {
      if case .input = node.op { continue }
      if !node.scope.isEmpty, !layers.contains(node.scope) { layers.append(node.scope) }
    }
    self.layers = layers
  }

  /// Numbers to keep for each sample; `nil` where shapes depend on the data.
  public var countPerSample: Int? {
    var total = 0
    for shape in rowShapes {
      guard let sizes = shape.concrete, let count = checkedProduct(sizes) else { return nil }
      total += count
    }
    return total
  }
}

/// The values at which a graph is cut.
private struct PrefixCut {
  /// In the order of computation, without inputs, which the rest takes itself.
  private(set) var values: [Value]
  private let graph: Graph
  private let dependences: [RowDependence]

  init(_ graph: Graph, _ dependences: [RowDependence], _ alive: [Bool]) {
    self.graph = graph
    self.dependences = dependences
    var found: Set<Value> = []
    func isRow(_ value: Value) -> Bool {
      if case .rows = dependences[value.node] { true } else { false }
    }
    for (index, node) in graph.nodes.enumerated() where alive[index] && dependences[index] == .other {
      for (position, operand) in node.operands.enumerated() where isRow(operand) {
        if node.op.readsOnlySampleCount(of: position), dependences[operand.node] == .rows(multiple: 1) { continue }
        found.insert(operand)
      }
    }
    for output in graph.outputs where isRow(output) { found.insert(output) }
    values = found.sorted { ($0.node, $0.output) < ($1.node, $1.output) }
    removeInputs()
  }

  private mutating func removeInputs() {
    values.removeAll { value in
      if case .input = graph.nodes[value.node].op { true } else { false }
    }
  }

  /// Puts a smaller value in the place of one that is quickly computed from it.
  mutating func moveTowardsInputs() {
    var index = values.count - 1
    while index >= 0 {
      if let source = source(of: values[index]) {
        if values.contains(source) {
          values.remove(at: index)
        } else {
          values[index] = source
          values.sort { ($0.node, $0.output) < ($1.node, $1.output) }
        }
        index = values.count
      }
      index -= 1
    }
    removeInputs()
  }

  /// The only operand of rows of a cheap operation, if it is smaller or kept anyway.
  private func source(of value: Value) -> Value? {
    let node = graph.nodes[value.node]
    guard node.op.isCheap else { return nil }
    let rows = Set(node.operands.filter { dependences[$0.node] != .fixed })
    guard rows.count == 1, let operand = rows.first else { return nil }
    if values.contains(operand) { return operand }
    guard let own = size(value), let other = size(operand), other < own else { return nil }
    return operand
  }

  private func size(_ value: Value) -> Int? {
    guard case .rows(let multiple) = dependences[value.node],
      let sizes = Shape(Array(graph.shape(value).dimensions.dropFirst())).concrete
    else { return nil }
    return checkedProduct([multiple] + sizes)
  }
}

extension Op {
  /// Whether an operand is there only for the size of its axis 0.
  fileprivate func readsOnlySampleCount(of position: Int) -> Bool {
    switch self {
    case .dimension(let axis, _): axis == 0
    case .reshape(let target), .broadcast(let target):
      position > 0
        && target.allSatisfy { dimension in
          if case .ofOperand(position, let axis) = dimension { axis == 0 } else { true }
        }
    default: false
    }
  }
}

extension Graph {
  /// Which nodes values are computed from, themselves included, without what is behind those of `borders`.
  ///
  /// Where only the number of samples is read of a value that `samples` accepts, that value is not needed.
  fileprivate func nodes(
    neededFor values: [Value], stoppingAt borders: Set<Value>, shapesOf samples: (Value) -> Bool = { _ in false }
  ) -> [Bool] {
    var needed = [Bool](repeating: false, count: nodes.count)
    for value in values where !borders.contains(value) { needed[value.node] = true }
    for index in nodes.indices.reversed() where needed[index] {
      for (position, operand) in nodes[index].operands.enumerated() where !borders.contains(operand) {
        if nodes[index].op.readsOnlySampleCount(of: position), samples(operand) { continue }
        needed[operand.node] = true
      }
    }
    return needed
  }
}

/// Nodes of a graph in a new one.
private struct GraphCopy {
  var graph = Graph()
  /// What stands for the source's values.
  var values: [Value: Value] = [:]
  /// A value with the samples' axis, to be asked for their number.
  var batch: Value?
  /// Whether a value of the source has exactly the samples' axis.
  var samples: (Value) -> Bool = { _ in false }
  /// The source's parameters and constants by their copies.
  private(set) var weights: [Value: Value] = [:]
  private let source: Graph

  init(_ source: Graph) { self.source = source }

  mutating func add(_ wanted: [Bool]) throws(GraphError) {
    for (index, node) in source.nodes.enumerated() where wanted[index] {
      graph.scope = node.scope
      let results: [Value]
      switch node.op {
      case .input(let name): results = [graph.addInput(name, node.types[0])]
      case .parameter(let name):
        results = [graph.addParameter(name, node.types[0])]
        weights[results[0]] = Value(node: index)
      case .constant(let data):
        results = [graph.addConstant(data)]
        weights[results[0]] = Value(node: index)
      default:
        var operands: [Value] = []
        for operand in node.operands {
          guard let copy = values[operand] ?? (samples(operand) ? batch : nil) else {
            throw GraphError(.unsupported(op: node.op.name, reason: "an operand is missing"), scope: node.scope)
          }
          operands.append(copy)
        }
        results = try graph.add(node.op, operands)
      }
      for (output, value) in results.enumerated() where values[Value(node: index, output: output)] == nil {
        values[Value(node: index, output: output)] = value
      }
    }
    graph.scope = ""
  }
}
