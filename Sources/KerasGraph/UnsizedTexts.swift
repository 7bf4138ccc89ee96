import KerasCore

extension Graph {
  /// Needed nodes that encode texts as long as the batch's longest, whose size only the texts tell.
  public var unsizedTexts: [Int] {
    guard nodes.contains(where: { $0.op.isUnsizedText }) else { return [] }
    let needed = neededNodes()
    return nodes.indices.filter { needed[$0] && nodes[$0].op.isUnsizedText }
  }

  /// A graph of the texts that `unsizedTexts` encode, with those inputs only that they depend on.
  public func textsToSize() throws(GraphError) -> Graph {
    var source = self
    source.outputs = unsizedTexts.map { nodes[$0].operands[0] }
    let needed = source.neededNodes()
    var result = Graph()
    var copies: [[Value]] = Array(repeating: [], count: nodes.count)
    for index in nodes.indices where needed[index] {
      result.scope = nodes[index].scope
      copies[index] = try result.copy(nodes[index], nodes[index].operands.map { copies[$0.node][$0.output] })
    }
    result.outputs = source.outputs.map { copies[$0.node][$0.output] }
    return result
  }

  /// Inputs of integers that nothing but lookups, hashes and crosses read, as they are or in another shape.
  public var categoryInputs: Set<String> {
    var names: [Value: String] = [:]
    var result: Set<String> = []
    for name in inputNames {
      guard let value = input(named: name), type(value).dtype.isInteger, !outputs.contains(value) else { continue }
      names[value] = name
      result.insert(name)
    }
    let needed = neededNodes()
    for index in nodes.indices where needed[index] {
      let node = nodes[index]
      switch node.op {
      case .lookup, .hash, .cross, .iota, .dimension: continue
      case .reshape:
        guard let name = node.operands.first.flatMap({ names[$0] }) else { continue }
        let value = Value(node: index)
        names[value] = name
        if outputs.contains(value) { result.remove(name) }
      default: for operand in node.operands { if let name = names[operand] { result.remove(name) } }
      }
    }
    return result
  }
}

extension Op {
  fileprivate var isUnsizedText: Bool {
    if case .encodeText(let text) = self { return text.size == nil }
    return false
  }
}
