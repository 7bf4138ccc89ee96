import KerasGraph

extension FusedProduct {
  /// The product at `node` with the following single-use operations that oneDNN can apply while storing.
  ///
  /// Nodes in `taken` belong to other products. Returns the nodes taken, the product's first.
  static func matching(
    _ node: Int, in concrete: ConcreteGraph, except taken: Set<Int>
  ) -> (product: FusedProduct, nodes: [Int]) {
    var product = FusedProduct(node: node, result: Value(node: node))
    var nodes = [node]
    guard concrete.graph.nodes[node].op.acceptsEpilogue else { return (product, nodes) }
    let count = concrete.count(product.result)
    let channels = concrete.shape(product.result).last ?? 1
    while product.operations.count < 4 {
      guard !concrete.outputs.contains(product.result), let readers = concrete.readers[product.result],
        readers.count == 1, !taken.contains(readers[0]), concrete.count(Value(node: readers[0])) == count,
        product.take(readers[0], channels: channels, in: concrete)
      else { break }
      nodes.append(readers[0])
      product.result = Value(node: readers[0])
    }
    return (product, nodes)
  }

  /// The product of the first node with the others fused to it; `nil` if they do not follow each other so.
  init?(_ nodes: [Int], in concrete: ConcreteGraph) {
    self.init(node: nodes[0], result: Value(node: nodes[0]))
    let channels = concrete.shape(result).last ?? 1
    for node in nodes.dropFirst() {
      guard take(node, channels: channels, in: concrete) else { return nil }
      result = Value(node: node)
    }
  }

  private mutating func take(_ index: Int, channels: Int, in concrete: ConcreteGraph) -> Bool {
    let node = concrete.graph.nodes[index]
    switch node.op {
    case .unary(let function):
      guard !concrete.isInt(result), function.postOperation != nil else { return false }
      operations.append(.activation(function))
      return true
    case .binary(.add):
      let isFirst = concrete.root(node.operands[0]) == result
      let (own, other) = isFirst ? (node.operands[0], node.operands[1]) : (node.operands[1], node.operands[0])
      guard concrete.root(own) == result, concrete.root(other) != result, !concrete.isInt(own) else { return false }
      let shape = concrete.shape(other)
      let isPerChannel =
        shape.last == channels && concrete.count(other) == channels
        && concrete.shape(Value(node: index)).last == channels && concrete.shape(own).last == channels
      if operations.isEmpty, bias == nil, isPerChannel {
        bias = other
        return true
      }
      let hasSum = operations.contains { if case .addition = $0 { true } else { false } }
      guard !hasSum, concrete.count(other) == concrete.count(own) else { return false }
      operations.append(.addition(other))
      return true
    default: return false
    }
  }
}

extension Op {
  /// Whether oneDNN can go on computing with the result before it is stored.
  var acceptsEpilogue: Bool {
    switch self {
    case .convolution, .matmul: true
    default: false
    }
  }
}
