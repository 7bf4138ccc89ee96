import KerasCore

/// Makes one reshape of two in a row.
struct ReshapeMerging: RewriteRule {
  mutating func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]? {
    guard case .reshape(let outer) = node.op else { return nil }
    let first = graph.nodes[operands[0].node]
    guard case .reshape(let inner) = first.op else { return nil }

    var operandsOfBoth = [first.operands[0]]
    func position(of value: Value) -> Int {
      if let known = operandsOfBoth.dropFirst().firstIndex(of: value) { return known }
      operandsOfBoth.append(value)
      return operandsOfBoth.count - 1
    }
    var merged: [TargetDimension] = []
    for dimension in outer {
      switch dimension {
      case .fixed, .inferred: merged.append(dimension)
      case .ofOperand(0, let axis):
        if let size = graph.shape(operands[0])[axis] {
          merged.append(.fixed(size))
          continue
        }
        switch inner[axis] {
        case .ofOperand(0, let from): merged.append(.ofOperand(0, axis: from))
        case .ofOperand(let operand, let from):
          merged.append(.ofOperand(position(of: first.operands[operand]), axis: from))
        case .fixed(let size): merged.append(.fixed(size))
        case .inferred: merged.append(.inferred)
        }
      case .ofOperand(let operand, let axis):
        merged.append(.ofOperand(position(of: operands[operand]), axis: axis))
      }
    }
    guard merged.count(where: { $0 == .inferred }) <= 1 else { return nil }
    let result = try graph.add(.reshape(merged), operandsOfBoth)
    // Never trade a known dimension for an unknown one.
    return graph.type(result[0]) == node.types[0] ? result : nil
  }
}
