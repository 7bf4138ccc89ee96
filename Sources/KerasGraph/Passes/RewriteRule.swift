import KerasCore

/// A way to replace single nodes while a graph is copied.
protocol RewriteRule {
  /// What stands for the results of `node` in the new graph, or `nil` to copy it.
  ///
  /// `operands` are the node's operands in the new graph; `index` is its place in the old one.
  mutating func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]?
}

/// Copies every node that the outputs need: dead code stays behind.
struct DeadCodeElimination: RewriteRule {
  func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]? { nil }
}

extension Graph {
  /// A graph of the same inputs and outputs without the nodes that no output depends on.
  public func withoutDeadCode() throws(GraphError) -> Graph {
    var rule = DeadCodeElimination()
    return try rewritten(by: &rule)
  }

  /// A graph with the same inputs (also unused ones) and equal outputs, copied node by node through a rule.
  func rewritten(by rule: inout some RewriteRule) throws(GraphError) -> Graph {
    var result = Graph()
    var replaced: [[Value]] = Array(repeating: [], count: nodes.count)
    for name in inputNames {
      guard let value = input(named: name) else { continue }
      result.scope = nodes[value.node].scope
      replaced[value.node] = [result.addInput(name, type(value))]
    }
    let needed = neededNodes()
    for index in nodes.indices where needed[index] && replaced[index].isEmpty {
      let node = nodes[index]
      let operands = node.operands.map { replaced[$0.node][$0.output] }
      result.scope = node.scope
      do {
        if let values = try rule.replacement(for: node, at: index, operands: operands, in: &result) {
          replaced[index] = values
        } else {
          replaced[index] = try result.copy(node, operands)
        }
      } catch {
        throw error.inScope(node.scope)
      }
    }
    result.outputs = outputs.map { replaced[$0.node][$0.output] }
    result.scope = scope
    return result
  }

  mutating func copy(_ node: Node, _ operands: [Value]) throws(GraphError) -> [Value] {
    switch node.op {
    case .input(let name): [addInput(name, node.types[0])]
    case .parameter(let name): [addParameter(name, node.types[0])]
    case .constant(let data): [addConstant(data)]
    default: try add(node.op, operands)
    }
  }

  /// Which nodes the outputs depend on.
  func neededNodes() -> [Bool] {
    var needed = [Bool](repeating: false, count: nodes.count)
    for output in outputs { needed[output.node] = true }
    for index in nodes.indices.reversed() where needed[index] {
      for operand in nodes[index].operands { needed[operand.node] = true }
    }
    return needed
  }

  /// How often each node's results are read by needed nodes or are outputs.
  func useCounts() -> [Int] {
    let needed = neededNodes()
    var counts = [Int](repeating: 0, count: nodes.count)
    for output in outputs { counts[output.node] += 1 }
    for index in nodes.indices where needed[index] {
      for operand in nodes[index].operands { counts[operand.node] += 1 }
    }
    return counts
  }

  /// The one number that a small constant, or a broadcast of it, consists of.
  func uniformConstant(_ value: Value) -> Double? {
    switch nodes[value.node].op {
    case .constant(let data):
      guard data.elementCount > 0, data.elementCount <= 4096, let values = try? data.doubles() else { return nil }
      return values.allSatisfy { $0 == values[0] } ? values[0] : nil
    case .broadcast, .reshape: return uniformConstant(nodes[value.node].operands[0])
    default: return nil
    }
  }
}
