import KerasCore

/// Moves arithmetic with known per-channel numbers in front of the reshape that splits a product's channels.
///
/// A layer with several heads adds its bias `(heads, size)` to results that were `(…, heads · size)`: there it is a bias
/// of the product, and a scale of it, as `AffineFolding` expects them.
struct ChannelSplitting: RewriteRule {
  private let parameters: KnownParameters
  private let uses: [Int]

  init(_ graph: Graph, parameters: KnownParameters) {
    self.parameters = parameters
    uses = graph.useCounts()
  }

  mutating func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]? {
    guard case .binary(let function) = node.op, function.isAffine else { return nil }
    for position in 0...1 {
      let split = graph.nodes[operands[position].node]
      guard case .reshape(let target) = split.op, uses[node.operands[position].node] == 1,
        graph.type(operands[position]) == node.types[0], node.types[0].dtype == .float32,
        isProduct(split.operands[0], graph),
        let channels = graph.shape(split.operands[0]).dimensions.last ?? nil,
        let known = graph.knownShape(operands[1 - position], parameters), known.count <= node.types[0].shape.rank
      else { continue }
      let own = Array(known.drop { $0 == 1 })
      let isPerChannel =
        own.reduce(1, *) == channels && node.types[0].shape.dimensions.suffix(own.count).elementsEqual(own)
      guard own.isEmpty || isPerChannel else { continue }
      let number = try graph.apply(.reshape(own.isEmpty ? [] : [.fixed(channels)]), operands[1 - position])
      let base = split.operands[0]
      let result = try graph.apply(
        node.op, position == 0 ? base : number, position == 0 ? number : base)
      return try graph.add(.reshape(target), [result] + split.operands.dropFirst())
    }
    return nil
  }

  /// Whether a value is the result of a linear operation, scaled and shifted or not.
  private func isProduct(_ value: Value, _ graph: Graph) -> Bool {
    var value = value
    while case .binary(let function) = graph.nodes[value.node].op, function.isAffine {
      let operands = graph.nodes[value.node].operands
      guard let known = operands.firstIndex(where: { isNumber($0, graph) }) else { return false }
      value = operands[1 - known]
    }
    return LinearKernel(graph.nodes[value.node], in: graph, parameters: parameters) != nil
  }

  /// Whether it is known, or was before this pass reshaped it.
  private func isNumber(_ value: Value, _ graph: Graph) -> Bool {
    if case .reshape = graph.nodes[value.node].op { return isNumber(graph.nodes[value.node].operands[0], graph) }
    return graph.knownShape(value, parameters) != nil
  }
}

extension Binary {
  /// Whether it scales or shifts.
  fileprivate var isAffine: Bool {
    switch self {
    case .add, .subtract, .multiply, .divide: true
    default: false
    }
  }
}
