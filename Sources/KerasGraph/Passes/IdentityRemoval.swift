import KerasCore

/// Leaves out operations that give back their operand: x·1, x + 0, casts to the same type, whole slices and the like.
struct IdentityRemoval: RewriteRule {
  /// Whether gradients have already been taken, or never will be, so that `stopGradient` means nothing any more.
  var dropsStopGradient: Bool

  mutating func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]? {
    if case .binary(let function) = node.op, let result = try simplified(function, operands, node.types[0], &graph) {
      return [result]
    }
    if case .unary(let function) = node.op, let inner = undone(function, operands[0], graph) { return [inner] }
    guard let kept = unchangedOperand(node.op, operands, graph), graph.type(kept).dtype == node.types[0].dtype else {
      return nil
    }
    return [kept]
  }

  /// The operand that such an operation gives back, if it does.
  private func unchangedOperand(_ op: Op, _ operands: [Value], _ graph: Graph) -> Value? {
    guard let x = operands.first else { return nil }
    let shape = graph.shape(x)
    let isIdentity =
      switch op {
      case .stopGradient: dropsStopGradient
      case .cast(let dtype): graph.type(x).dtype == dtype
      case .transpose(let permutation): permutation == Array(permutation.indices)
      case .reshape(let target), .broadcast(let target): repeats(target, shape)
      case .concatenate: operands.count == 1
      case .slice(let starts, let limits, let strides):
        strides.allSatisfy { $0 == 1 }
          && starts.indices.allSatisfy {
            starts[$0] == 0 && (limits[$0] == nil || (limits[$0] == shape[$0] && limits[$0] ?? -1 >= 0))
          }
      case .pad(let before, let after, _): (before + after).allSatisfy { $0 == 0 }
      case .reverse(let axes): axes.allSatisfy { shape[$0] == 1 }
      case .reduce(_, let axes, let keepDimensions):
        keepDimensions ? axes.allSatisfy { shape[$0] == 1 } : axes.isEmpty
      case .cumulativeSum(let axis, _): shape[axis] == 1
      default: false
      }
    return isIdentity ? x : nil
  }

  private func repeats(_ target: [TargetDimension], _ shape: Shape) -> Bool {
    guard target.count == shape.rank else { return false }
    // One dimension may be inferred: with all others unchanged it is unchanged too, unless there are no elements.
    let isNonEmpty = shape.dimensions.allSatisfy { $0 != 0 }
    return target.enumerated().allSatisfy { axis, dimension in
      switch dimension {
      case .fixed(let size): shape[axis] == size
      case .ofOperand(let operand, let from): operand == 0 && from == axis
      case .inferred: isNonEmpty
      }
    }
  }

  /// x with a neutral number; only where the number's shape does not enlarge the result.
  private func simplified(
    _ function: Binary, _ operands: [Value], _ type: TensorType, _ graph: inout Graph
  ) throws(GraphError) -> Value? {
    let (a, b) = (operands[0], operands[1])
    if let neutral = function.neutralRight, graph.uniformConstant(b) == neutral, keepsShape(a, b, graph) { return a }
    if function.isCommutative, let neutral = function.neutralRight, graph.uniformConstant(a) == neutral,
      keepsShape(b, a, graph)
    {
      return b
    }
    // Elementwise operations broadcast by themselves.
    for (position, operand) in operands.enumerated() {
      let node = graph.nodes[operand.node]
      guard case .broadcast = node.op, type.shape.concrete != nil else { continue }
      var narrow = operands
      narrow[position] = node.operands[0]
      if try inferTypes(.binary(function), narrow.map { graph.type($0) }) == [type] {
        return try graph.add(.binary(function), narrow)[0]
      }
    }
    return nil
  }

  private func keepsShape(_ x: Value, _ number: Value, _ graph: Graph) -> Bool {
    let (shape, other) = (graph.shape(x), graph.shape(number))
    if other.rank <= shape.rank, other.dimensions.allSatisfy({ $0 == 1 }) { return true }
    return shape == other && shape.concrete != nil
  }

  /// −(−x), and what is already so.
  private func undone(_ function: Unary, _ operand: Value, _ graph: Graph) -> Value? {
    let node = graph.nodes[operand.node]
    guard case .unary(let inner) = node.op else { return nil }
    switch (function, inner) {
    case (.negate, .negate), (.logicalNot, .logicalNot): return node.operands[0]
    case (.relu, .relu), (.absolute, .absolute), (.relu, .absolute), (.absolute, .relu), (.relu, .sigmoid):
      return operand
    default: return nil
    }
  }
}

extension Binary {
  /// The b for which f(a, b) = a.
  fileprivate var neutralRight: Double? {
    switch self {
    case .add, .subtract: 0
    case .multiply, .divide, .divideNoNaN, .power: 1
    default: nil
    }
  }
}
