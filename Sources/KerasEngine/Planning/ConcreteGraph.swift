import KerasCore
import KerasGraph

/// A graph whose shapes are all known, seen without its dead nodes and without nodes that only rename a value.
struct ConcreteGraph {
  let graph: Graph
  /// Nodes some output depends on through data, ascending.
  private(set) var live: [Int] = []
  /// The outputs' roots.
  private(set) var outputs: [Value] = []
  private var shapes: [[[Int]]] = []
  private var roots: [Value: Value] = [:]
  /// Live nodes that read a root's data, once per node.
  private(set) var readers: [Value: [Int]] = [:]

  /// Throws `EngineError.unknownShape` or `tooLarge` for a value that cannot be laid out in memory.
  init(_ graph: Graph) throws(EngineError) {
    self.graph = graph
    shapes.reserveCapacity(graph.nodes.count)
    for node in graph.nodes {
      var ofNode: [[Int]] = []
      for type in node.types {
        guard let shape = type.shape.concrete else {
          throw EngineError(.unknownShape(op: node.op.name, type.shape), scope: node.scope)
        }
        // Axes without elements count as one: strides are products of what comes after them.
        guard let count = checkedProduct(shape.map { max($0, 1) }), count <= Int.max / 64 else {
          throw EngineError(.tooLarge(op: node.op.name, type.shape), scope: node.scope)
        }
        ofNode.append(shape)
      }
      shapes.append(ofNode)
    }
    for index in graph.nodes.indices where isRenaming(index) {
      let operand = graph.nodes[index].operands[0]
      roots[Value(node: index)] = root(operand)
    }
    outputs = graph.outputs.map { root($0) }
    findLive()
  }

  func shape(_ value: Value) -> [Int] { shapes[value.node][value.output] }
  func count(_ value: Value) -> Int { shape(value).reduce(1, *) }
  func isInt(_ value: Value) -> Bool { graph.type(value).dtype.isHeldAsInt }

  /// The value whose memory this one shares.
  func root(_ value: Value) -> Value { roots[value] ?? value }

  func dataOperands(_ index: Int) -> [Value] { graph.dataOperands(index) }

  /// Whether a node's result is its first operand's memory.
  func isRenaming(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    guard node.operands.count >= 1 else { return false }
    let operand = node.operands[0]
    switch node.op {
    case .reshape, .stopGradient: return true
    case .cast(let target):
      let source = graph.type(operand).dtype
      if target == .bool { return source == .bool }
      return target.isHeldAsInt == source.isHeldAsInt
    case .broadcast: return count(operand) == count(Value(node: index))
    case .transpose(let permutation):
      let large = permutation.filter { shape(operand)[$0] != 1 }
      return large == large.sorted()
    case .concatenate: return node.operands.count == 1
    case .pad(let before, let after, _): return (before + after).allSatisfy { $0 == 0 }
    case .reverse(let axes): return axes.allSatisfy { shape(operand)[$0] <= 1 }
    default: return false
    }
  }

  /// The recurrence that a gradient belongs to: the node of the results among its operands.
  func forwardRecurrence(of gradient: Int) -> Int? {
    guard case .recurrenceGradient(let recurrence) = graph.nodes[gradient].op else { return nil }
    let results = recurrence.results(amongOperandsOfGradient: graph.nodes[gradient].operands)
    guard let sequence = results.first.map({ root($0).node }) else { return nil }
    return graph.nodes[sequence].op == .recurrence(recurrence) ? sequence : nil
  }

  /// Whether a recurrence's gradient is computed too.
  func hasGradient(_ recurrence: Int) -> Bool { live.contains { forwardRecurrence(of: $0) == recurrence } }

  private mutating func findLive() {
    var isLive = [Bool](repeating: false, count: graph.nodes.count)
    for output in outputs { isLive[output.node] = true }
    for index in graph.nodes.indices.reversed() where isLive[index] {
      if isRenaming(index) { continue }
      for operand in dataOperands(index) { isLive[root(operand).node] = true }
    }
    for index in graph.nodes.indices where isLive[index] && !isRenaming(index) {
      live.append(index)
      for operand in Set(dataOperands(index).map { root($0) }) { readers[operand, default: []].append(index) }
    }
  }
}
