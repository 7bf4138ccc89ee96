import KerasGraph

/// How a group of elementwise nodes reads values from outside.
struct ElementwiseUse {
  private let concrete: ConcreteGraph
  private let nodes: [Int]
  /// Outside roots read element by element, and the last node that does; `nil` if also read in another pattern.
  private var lastReader: [Value: Int?] = [:]
  private var order: [Value] = []

  init(_ nodes: [Int], in concrete: ConcreteGraph) {
    self.concrete = concrete
    self.nodes = nodes
    let own = Set(nodes)
    for node in nodes {
      let count = concrete.count(Value(node: node))
      let isElementwise = concrete.graph.nodes[node].op.isElementwise
      for operand in concrete.dataOperands(node) {
        let root = concrete.root(operand)
        if own.contains(root.node) { continue }
        // A sum reads a block when all else is done with it.
        let isDirect = isElementwise && concrete.count(root) == count && count > 1
        if lastReader[root] == nil { order.append(root) }
        if case .some(.none) = lastReader[root] { continue }
        lastReader[root] = .some(isDirect ? node : nil)
      }
    }
  }

  /// Roots whose memory the result `value` may overwrite: each element is read before, and only when, its place is
  /// written.
  func overwritable(by value: Value) -> [Value] {
    guard concrete.graph.nodes[value.node].op.isElementwise else { return [] }
    return order.filter { root in
      guard case .some(.some(let last)) = lastReader[root] else { return false }
      return last <= value.node
    }
  }
}
