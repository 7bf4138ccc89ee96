import KerasCore

extension Graph {
  /// The same graph, of a loss and its gradients, whose gradients compute cheap results of the forward part anew from
  /// what is kept for them anyway: a mask's condition or a deviation from the mean then takes no memory of its own.
  ///
  /// Shapes must be known. The copies are nodes of their own that equal expressions must not be merged with: no pass may
  /// follow. Every number stays the same to the last bit.
  public func rematerializing(loss: Value) throws(GraphError) -> Graph {
    var rule = Rematerialization(self, loss: loss)
    return try rewritten(by: &rule)
  }
}

private struct Rematerialization: RewriteRule {
  private let original: Graph
  /// Which nodes the loss depends on.
  private var isForward: [Bool]
  /// Whether the backward part reads a result at all, and in a way that needs it in memory.
  private var isRead: [Bool]
  private var isKept: [Bool]
  /// How many nodes in a row make a result from kept ones; `nil` where it is not made of these or not worth it.
  private var depth: [Int?]

  /// New operands of the nodes that may be copied, and the copies.
  private var operandsOf: [Int: [Value]] = [:]
  private var copies: [Int: Value] = [:]

  private static let greatestDepth = 8
  /// Fewer elements, such as channels' statistics, are not worth a copy.
  private static let fewestElements = 4096

  init(_ graph: Graph, loss: Value) {
    original = graph
    let count = graph.nodes.count
    isForward = [Bool](repeating: false, count: count)
    isRead = [Bool](repeating: false, count: count)
    isKept = [Bool](repeating: false, count: count)
    depth = Array(repeating: nil, count: count)
    isForward[loss.node] = true
    for index in graph.nodes.indices.reversed() where isForward[index] {
      for operand in graph.nodes[index].operands { isForward[operand.node] = true }
    }
    findReaders()
    for index in graph.nodes.indices where isForward[index] { depth[index] = depth(of: index) }
  }

  private mutating func findReaders() {
    for output in original.outputs { isKept[output.node] = true }
    let needed = original.neededNodes()
    for index in original.nodes.indices.reversed() where needed[index] {
      let op = original.nodes[index].op
      for operand in original.dataOperands(index) {
        if op.onlyRenames {
          isRead[operand.node] = isRead[operand.node] || isRead[index]
          isKept[operand.node] = isKept[operand.node] || isKept[index]
        }
        guard !isForward[index] else { continue }
        isRead[operand.node] = true
        if !op.readsElementwise { isKept[operand.node] = true }
      }
    }
  }

  private func elements(_ value: Value) -> Int { original.shape(value).elementCount ?? 0 }

  private func depth(of index: Int) -> Int? {
    let node = original.nodes[index]
    let count = elements(Value(node: index))
    guard !isKept[index], node.op.isNextToFree || node.op.onlyRenames, count >= Self.fewestElements else { return nil }
    var deepest = 0
    for operand in original.dataOperands(index) where 2 * elements(operand) > count {
      if let below = depth[operand.node] {
        deepest = max(deepest, below)
      } else if !isKept[operand.node] && !isRead[operand.node] && !original.nodes[operand.node].op.isSource {
        return nil
      }
    }
    return deepest < Self.greatestDepth ? deepest + 1 : nil
  }

  mutating func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]? {
    if isForward[index] {
      if depth[index] != nil { operandsOf[index] = operands }
      return nil
    }
    var own = operands
    for (position, operand) in node.operands.enumerated() where depth[operand.node] != nil && isForward[operand.node] {
      own[position] = try copy(of: operand, in: &graph)
    }
    guard own != operands else { return nil }
    graph.scope = node.scope
    return try graph.copy(node, own)
  }

  private mutating func copy(of value: Value, in graph: inout Graph) throws(GraphError) -> Value {
    if let known = copies[value.node] { return known }
    let node = original.nodes[value.node]
    var operands = operandsOf[value.node] ?? []
    for (position, operand) in node.operands.enumerated() where depth[operand.node] != nil {
      operands[position] = try copy(of: operand, in: &graph)
    }
    graph.scope = node.scope
    let copy = try graph.copy(node, operands)[0]
    copies[value.node] = copy
    return copy
  }
}

extension Op {
  /// Whether it takes next to no time beside reading its operands.
  fileprivate var isNextToFree: Bool {
    switch self {
    case .unary(let function):
      switch function {
      case .negate, .absolute, .sign, .square, .relu, .leakyRelu, .clip, .hardSigmoid, .logicalNot: true
      default: false
      }
    case .binary(let function):
      switch function {
      case .add, .subtract, .multiply, .maximum, .minimum, .logicalAnd, .logicalOr: true
      default: false
      }
    case .compare, .select, .cast, .broadcast: true
    default: false
    }
  }

  fileprivate var onlyRenames: Bool {
    switch self {
    case .reshape, .stopGradient: true
    default: false
    }
  }

  /// Whether it can read a result that is computed just then.
  fileprivate var readsElementwise: Bool {
    switch self {
    case .unary, .binary, .compare, .select, .cast, .broadcast, .reshape, .stopGradient, .reduce: true
    default: false
    }
  }

  fileprivate var isSource: Bool {
    switch self {
    case .input, .parameter, .constant: true
    default: false
    }
  }
}
