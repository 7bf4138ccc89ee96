import KerasGraph

/// A graph of known shapes as units in running order.
struct UnitSequence {
  let concrete: ConcreteGraph
  let units: [Unit]
  /// Positions of units that compute again what others have computed before.
  let copies: Set<Int>
  /// Recurrences whose gradient reads a copy: they compute as it does, in the same order of sums.
  let repeatedRecurrences: Set<Int>

  /// `threads` are those of the plan.
  init(_ graph: Graph, fusing: Bool, threads: Int) throws(EngineError) {
    concrete = try ConcreteGraph(graph)
    let units = UnitPartition.units(of: concrete, fusing: fusing)
    self.units = fusing ? Self.joiningRecurrences(units, of: concrete, threads: threads) : units
    copies = []
    repeatedRecurrences = []
  }

  /// The same units, some of them twice: fused as they were, so that every number is the same to the last bit.
  private init(_ recomputation: Recomputation, of whole: UnitSequence) throws(EngineError) {
    concrete = try ConcreteGraph(recomputation.graph)
    var units: [Unit] = []
    var copies: Set<Int> = []
    var repeated: Set<Int> = []
    let repeatedSources = Set(recomputation.steps.filter(\.isCopy).map(\.source))
    for step in recomputation.steps {
      let source = whole.units[step.source]
      if step.isCopy { copies.insert(units.count) }
      if !step.isCopy, repeatedSources.contains(step.source), case .node(let node) = source.work,
        case .recurrence = whole.concrete.graph.nodes[node].op
      {
        repeated.insert(step.nodes[0])
      }
      units.append(try Unit(step, like: source, in: concrete))
    }
    self.units = units
    self.copies = copies
    repeatedRecurrences = repeated
  }

  /// The units with the part before `loss` in so many segments that are computed again for their gradients; `nil` where
  /// nothing can be.
  func recomputing(segments: Int, loss: Value) throws(EngineError) -> UnitSequence? {
    let recomputation: Recomputation?
    do {
      recomputation = try concrete.graph.recomputing(steps: runSteps(), loss: loss, segments: segments)
    } catch {
      throw EngineError(.graph(error))
    }
    return try recomputation.map { (found) throws(EngineError) in try UnitSequence(found, of: self) }
  }

  /// The units as the graph's pass sees them.
  private func runSteps() -> [RunStep] {
    let gradients = concrete.live.filter {
      if case .recurrenceGradient = concrete.graph.nodes[$0].op { true } else { false }
    }
    let differentiated = Set(gradients.compactMap { concrete.forwardRecurrence(of: $0) })
    var variable: Set<Value> = []
    return units.map { unit in
      let isVariable =
        unit.reads.contains { variable.contains($0) || concrete.graph.nodes[$0.node].op.isVariableSource }
        || unit.nodes.contains { if case .random = concrete.graph.nodes[$0].op { true } else { false } }
      if isVariable { variable.formUnion(unit.writes) }
      var (isDivisible, kept) = (false, 0)
      switch unit.work {
      case .elementwise: isDivisible = true
      case .node(let node):
        if case .recurrence(let recurrence) = concrete.graph.nodes[node].op, differentiated.contains(node) {
          kept = 4 * RecurrenceLayout(recurrence, node, in: concrete).kept
        }
      case .product, .recurrences: break
      }
      return RunStep(
        nodes: unit.nodes, reads: unit.reads, writes: unit.writes, isDivisible: isDivisible,
        isRepeatable: isVariable && unit.nodes.allSatisfy { concrete.graph.nodes[$0].op.isRepeatable },
        keptByteCount: kept)
    }
  }
}

extension Unit {
  fileprivate init(_ step: Recomputation.Step, like source: Unit, in concrete: ConcreteGraph) throws(EngineError) {
    nodes = step.nodes
    writes = step.writes
    switch source.work {
    case .node: work = .node(step.nodes[0])
    case .elementwise: work = .elementwise(step.nodes)
    case .product:
      guard let product = FusedProduct(step.nodes, in: concrete) else {
        throw EngineError(.unsupported(op: "recomputation", reason: "a product does not go with what follows it"))
      }
      work = .product(product)
    case .recurrences: work = .recurrences(step.nodes)
    }
    let own = Set(step.nodes)
    reads = []
    for node in nodes {
      for operand in concrete.dataOperands(node) {
        let root = concrete.root(operand)
        if !own.contains(root.node), !reads.contains(root) { reads.append(root) }
      }
    }
  }
}

extension Op {
  fileprivate var isVariableSource: Bool {
    switch self {
    case .input, .parameter: true
    default: false
    }
  }

  /// Whether it gives the same again in one run: random numbers do, a program's own function may not.
  fileprivate var isRepeatable: Bool {
    switch self {
    case .custom, .customGradient, .lookup, .hash, .cross, .encodeText: false
    default: true
    }
  }
}
