import KerasCore

/// Replaces references to run-time shapes by numbers where they are known, so that no value is kept alive for its shape.
struct ShapeResolution: RewriteRule {
  mutating func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]? {
    switch node.op {
    case .reshape(let target):
      guard let (resolved, rest) = resolve(target, node.types[0].shape, operands, graph) else { return nil }
      return try graph.add(.reshape(resolved), rest)
    case .broadcast(let target):
      guard let (resolved, rest) = resolve(target, node.types[0].shape, operands, graph) else { return nil }
      return try graph.add(.broadcast(resolved), rest)
    case .dimension(let axis, let dtype):
      guard let size = graph.shape(operands[0])[axis],
        let data = try? TensorData(shape: [], doubles: [Double(size)]).converted(to: dtype)
      else { return nil }
      return [graph.addConstant(data)]
    case .convolutionInputGradient(let convolution, _) where operands.count == 3:
      let spatial = Shape(Array(graph.shape(operands[2]).dimensions.dropFirst().dropLast())).concrete
      guard let spatial else { return nil }
      return try graph.add(.convolutionInputGradient(convolution, outputSpatial: spatial), Array(operands.prefix(2)))
    default: return nil
    }
  }

  /// The target with every known dimension fixed and without operands it no longer names; `nil` if nothing changes.
  private func resolve(
    _ target: [TargetDimension], _ shape: Shape, _ operands: [Value], _ graph: Graph
  ) -> ([TargetDimension], [Value])? {
    var resolved = target
    for axis in target.indices {
      if let size = shape[axis] {
        resolved[axis] = .fixed(size)
      } else if case .ofOperand(let operand, let from) = target[axis], let size = graph.shape(operands[operand])[from] {
        resolved[axis] = .fixed(size)
      }
    }
    var rest = [operands[0]]
    for axis in resolved.indices {
      guard case .ofOperand(let operand, let from) = resolved[axis], operand > 0 else { continue }
      let position = rest.dropFirst().firstIndex(of: operands[operand]) ?? rest.count
      if position == rest.count { rest.append(operands[operand]) }
      resolved[axis] = .ofOperand(position, axis: from)
    }
    return resolved == target && rest.count == operands.count ? nil : (resolved, rest)
  }
}

extension Graph {
  /// The same graph with known dimensions written as numbers; see also `specialized(inputs:)`.
  public func resolvingShapes() throws(GraphError) -> Graph {
    var rule = ShapeResolution()
    return try rewritten(by: &rule)
  }
}
