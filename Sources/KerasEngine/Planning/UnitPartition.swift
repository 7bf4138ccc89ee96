import KerasGraph

/// Divides the live nodes of a graph into units and puts these in an order in which they can run.
struct UnitPartition {
  private let concrete: ConcreteGraph
  private var units: [Unit?] = []
  /// The unit of each node that has one.
  private var unitOfNode: [Int: Int] = [:]
  /// By unit: the last node of it and of all that it depends on.
  private var latest: [Int] = []

  /// A program's slots and scratch blocks bound how many nodes may be fused.
  private static let largestGroup = 24

  /// Units in running order; without `fusing`, one per node.
  static func units(of concrete: ConcreteGraph, fusing: Bool) -> [Unit] {
    var partition = UnitPartition(concrete)
    partition.divide(fusing: fusing)
    return partition.ordered()
  }

  private init(_ concrete: ConcreteGraph) { self.concrete = concrete }

  private mutating func divide(fusing: Bool) {
    var taken: Set<Int> = []
    var products: [Int: (FusedProduct, [Int])] = [:]
    if fusing {
      for index in concrete.live where concrete.graph.nodes[index].op.acceptsEpilogue {
        let (product, nodes) = FusedProduct.matching(index, in: concrete, except: taken)
        products[index] = (product, nodes)
        taken.formUnion(nodes)
      }
    }
    for index in concrete.live {
      let node = concrete.graph.nodes[index]
      switch node.op {
      case .input, .parameter, .constant, .iota, .dimension: continue
      default: break
      }
      if let (product, nodes) = products[index] {
        add(Unit(work: .product(product), nodes: nodes, reads: [], writes: [product.result]))
      } else if taken.contains(index) {
        continue
      } else if node.op.acceptsEpilogue {
        let product = FusedProduct(node: index, result: Value(node: index))
        add(Unit(work: .product(product), nodes: [index], reads: [], writes: [product.result]))
      } else if node.op.isElementwise {
        add(Unit(work: .elementwise([index]), nodes: [index], reads: [], writes: []))
      } else {
        let writes = node.types.indices.map { Value(node: index, output: $0) }
        add(Unit(work: .node(index), nodes: [index], reads: [], writes: writes))
      }
    }
    if fusing {
      // From the last to the first: what a gradient reads of its condition belongs to the gradient, not to the forward
      // part, where its result would have to be kept.
      for index in concrete.live.reversed() where concrete.graph.nodes[index].op.isElementwise && !taken.contains(index)
      {
        joinProducers(of: index)
      }
      for index in concrete.live { joinSum(index) }
    }
    for number in units.indices { complete(number) }
  }

  private mutating func add(_ unit: Unit) {
    for node in unit.nodes { unitOfNode[node] = units.count }
    units.append(unit)
    latest.append(unit.nodes.last ?? 0)
  }

  /// Makes one unit of two.
  private mutating func merge(_ own: Int, into other: Int) {
    guard let a = units[own], let b = units[other] else { return }
    let nodes = (a.nodes + b.nodes).sorted()
    units[other] = Unit(work: .elementwise(nodes), nodes: nodes, reads: [], writes: [])
    units[own] = nil
    for node in a.nodes { unitOfNode[node] = other }
    latest[other] = max(latest[own], latest[other])
    var changed = [other]
    while let number = changed.popLast(), let unit = units[number] {
      for node in unit.nodes {
        for output in concrete.graph.nodes[node].types.indices {
          for reader in concrete.readers[Value(node: node, output: output)] ?? [] {
            guard let next = unitOfNode[reader], latest[next] < latest[number] else { continue }
            latest[next] = latest[number]
            changed.append(next)
          }
        }
      }
    }
  }

  /// Merges the units of a node and of its elementwise operands where counts and dependencies allow it.
  private mutating func joinProducers(of index: Int) {
    let count = concrete.count(Value(node: index))
    for operand in concrete.dataOperands(index) {
      let root = concrete.root(operand)
      guard let own = unitOfNode[index], let other = unitOfNode[root.node], own != other,
        let a = units[own], let b = units[other], case .elementwise = a.work, case .elementwise = b.work,
        concrete.count(root) == count, a.nodes.count + b.nodes.count <= Self.largestGroup,
        !dependsIndirectly(own, on: other), !dependsIndirectly(other, on: own)
      else { continue }
      merge(own, into: other)
    }
  }

  /// Makes a sum part of the elementwise unit whose result it reads; elsewhere, a unit of that kind, which shares the
  /// elements among threads and adds them in the same order.
  private mutating func joinSum(_ index: Int) {
    guard let own = unitOfNode[index], let sum = ChannelSum(index, in: concrete) else { return }
    units[own] = Unit(work: .elementwise([index]), nodes: [index], reads: [], writes: [])
    guard concrete.graph.nodes[sum.operand.node].op.isElementwise, let other = unitOfNode[sum.operand.node],
      let b = units[other], case .elementwise = b.work, b.nodes.count < Self.largestGroup,
      !dependsIndirectly(own, on: other), !dependsIndirectly(other, on: own)
    else { return }
    merge(own, into: other)
  }

  /// Whether a path leads from unit `target` to unit `start` through a third unit.
  private func dependsIndirectly(_ start: Int, on target: Int) -> Bool {
    guard let from = units[start], let goal = units[target], let earliest = goal.nodes.first else { return false }
    var seen: Set<Int> = [start, target]
    var open: [Int] = []
    func visit(_ unit: Unit) -> Bool {
      for node in unit.nodes {
        for operand in concrete.dataOperands(node) {
          guard let next = unitOfNode[concrete.root(operand).node] else { continue }
          if next == target, unit.nodes != from.nodes { return true }
          // What ends, with all that it depends on, before the goal begins cannot depend on the goal.
          guard seen.insert(next).inserted, latest[next] > earliest else { continue }
          open.append(next)
        }
      }
      return false
    }
    if visit(from) { return true }
    while let next = open.popLast() {
      if let unit = units[next], visit(unit) { return true }
    }
    return false
  }

  /// Sets what a unit reads and, for elementwise ones, which results others need.
  private mutating func complete(_ number: Int) {
    guard var unit = units[number] else { return }
    let own = Set(unit.nodes)
    var reads: [Value] = []
    var seen: Set<Value> = []
    for node in unit.nodes {
      for operand in concrete.dataOperands(node) {
        let root = concrete.root(operand)
        if !own.contains(root.node), seen.insert(root).inserted { reads.append(root) }
      }
    }
    unit.reads = reads
    if case .elementwise(let nodes) = unit.work {
      unit.writes = nodes.map { Value(node: $0) }.filter { value in
        concrete.outputs.contains(value) || (concrete.readers[value] ?? []).contains { !own.contains($0) }
      }
    }
    units[number] = unit
  }

  /// Depth-first from the earliest nodes, so that the graph's own order is kept where possible.
  private func ordered() -> [Unit] {
    var result: [Unit] = []
    var state = [Int](repeating: 0, count: units.count)
    for root in units.indices where units[root] != nil && state[root] == 0 {
      var stack = [root]
      while let top = stack.last {
        guard let unit = units[top], state[top] != 2 else {
          stack.removeLast()
          continue
        }
        let before = unit.reads.compactMap { unitOfNode[$0.node] }.filter { state[$0] == 0 && $0 != top }
        if state[top] == 0 { state[top] = 1 }
        if before.isEmpty {
          state[top] = 2
          result.append(unit)
          stack.removeLast()
        } else {
          stack.append(contentsOf: before.reversed())
        }
      }
    }
    return result
  }
}

extension Op {
  /// Whether each result element is a function of one element of each operand.
  var isElementwise: Bool {
    switch self {
    case .unary, .binary, .compare, .select, .cast, .broadcast: true
    default: false
    }
  }
}
