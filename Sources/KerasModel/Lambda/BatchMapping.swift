import KerasCore
import KerasGraph

/// A function that was followed on one sample, done for a whole batch: what it added to the graph is added again with the
/// batch as first axis.
///
/// This is what `tf.map_fn` and `keras.ops.map` over the samples come to, where no step looks at another sample.
struct BatchMapping {
  /// What stands for a sample's value in the whole batch.
  private var wholes: [Value: Value] = [:]
  /// A tensor whose first axis is the batch.
  private let batch: Value

  /// `nil` for no samples.
  init?(_ pairs: [(sample: Value, whole: Value)]) {
    guard let first = pairs.first else { return nil }
    batch = first.whole
    for pair in pairs { wholes[pair.sample] = pair.whole }
  }

  /// Adds what the nodes in that range compute of the samples, for the batch.
  mutating func spread(_ nodes: Range<Int>, _ context: inout LoweringContext) throws(ModelError) {
    for index in nodes {
      let node = context.graph.nodes[index]
      guard node.operands.contains(where: { wholes[$0] != nil }) else { continue }
      guard node.types.count == 1 else { throw refusal(node) }
      if let whole = try spread(node, &context) { wholes[Value(node: index)] = whole }
    }
  }

  /// A value for the whole batch; what no sample changes is repeated.
  func whole(of value: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    if let whole = wholes[value] { return whole }
    let shape = context.shape(value)
    guard let sizes = shape.concrete else {
      throw ModelError(.unsupported("a function of each sample whose result \(shape) depends on none"))
    }
    return try context.op(.broadcast([.ofOperand(1, axis: 0)] + sizes.map { .fixed($0) }), value, batch)
  }

  private func refusal(_ node: Node) -> ModelError {
    ModelError(.unsupported("a function of each sample with \(node.op.name)"))
  }

  private func spread(_ node: Node, _ context: inout LoweringContext) throws(ModelError) -> Value? {
    let rank = node.types[0].shape.rank
    switch node.op {
    case .unary, .cast, .stopGradient: return try context.op(node.op, whole(of: node.operands[0], &context))
    case .binary, .compare, .select:
      var operands: [Value] = []
      for operand in node.operands { operands.append(try aligned(operand, to: rank, &context)) }
      return try context.ops(node.op, operands)[0]
    // Sizes of one sample are those of all.
    case .dimension: return nil
    case .reshape(let target), .broadcast(let target):
      guard wholes[node.operands[0]] != nil else { return nil }
      return try shaped(node, target, &context)
    case .matmul:
      let ranks = node.operands.map { context.shape($0).rank }
      var operands: [Value] = []
      for operand in node.operands { operands.append(try aligned(operand, to: ranks.max() ?? 2, &context)) }
      return try context.ops(node.op, operands)[0]
    case .gatherRows where wholes[node.operands[0]] == nil:
      return try context.op(node.op, node.operands[0], whole(of: node.operands[1], &context))
    case .concatenate(let axis):
      var operands: [Value] = []
      for operand in node.operands { operands.append(try whole(of: operand, &context)) }
      return try context.ops(.concatenate(axis: axis + 1), operands)[0]
    case .pool, .convolution: return try windows(node, &context)
    default:
      guard node.operands.count == 1, let op = moved(node.op) else { throw refusal(node) }
      return try context.op(op, whole(of: node.operands[0], &context))
    }
  }

  /// An operation along axes, each one further behind; `nil` for another.
  private func moved(_ op: Op) -> Op? {
    switch op {
    case .reduce(let reduction, let axes, let keeps):
      .reduce(reduction, axes: axes.map { $0 + 1 }, keepDimensions: keeps)
    case .argMax(let axis): .argMax(axis: axis + 1)
    case .softmax(let axis): .softmax(axis: axis + 1)
    case .logSoftmax(let axis): .logSoftmax(axis: axis + 1)
    case .cumulativeSum(let axis, let isReversed): .cumulativeSum(axis: axis + 1, reverse: isReversed)
    case .transpose(let permutation): .transpose([0] + permutation.map { $0 + 1 })
    case .slice(let starts, let limits, let strides):
      .slice(starts: [0] + starts, limits: [nil] + limits, strides: [1] + strides)
    case .pad(let before, let after, let value): .pad(before: [0] + before, after: [0] + after, value: value)
    case .reverse(let axes): .reverse(axes: axes.map { $0 + 1 })
    case .iota(let axis): .iota(axis: axis + 1)
    default: nil
    }
  }

  /// A value for the batch with so many axes behind the first; what no sample changes lines up from behind by itself.
  private func aligned(_ value: Value, to rank: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
    guard let whole = wholes[value] else { return value }
    let missing = rank - context.shape(value).rank
    guard missing > 0 else { return whole }
    let sizes = context.dimensions(of: whole)
    return try context.op(
      .reshape([sizes[0]] + Array(repeating: .fixed(1), count: missing) + sizes.dropFirst()), whole)
  }

  private func shaped(
    _ node: Node, _ target: [TargetDimension], _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    var (x, added) = (try whole(of: node.operands[0], &context), 0)
    var isBroadcast = false
    if case .broadcast = node.op {
      x = try aligned(node.operands[0], to: target.count, &context)
      added = target.count - context.shape(node.operands[0]).rank
      isBroadcast = true
    }
    var sizes: [TargetDimension] = [.ofOperand(0, axis: 0)]
    for dimension in target {
      if case .ofOperand(let number, let axis) = dimension, node.operands.indices.contains(number) {
        let isMapped = wholes[node.operands[number]] != nil
        sizes.append(.ofOperand(number, axis: axis + (isMapped ? 1 : 0) + (number == 0 ? added : 0)))
      } else {
        sizes.append(dimension)
      }
    }
    let others = node.operands.dropFirst().map { wholes[$0] ?? $0 }
    return try context.ops(isBroadcast ? .broadcast(sizes) : .reshape(sizes), [x] + others)[0]
  }

  /// Windows over what has a first axis of its own: both become one batch.
  private func windows(_ node: Node, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let x = node.operands[0]
    let own = context.shape(x)
    guard let whole = wholes[x], node.operands.dropFirst().allSatisfy({ wholes[$0] == nil }), let count = own[0] else {
      throw refusal(node)
    }
    let sizes = context.dimensions(of: whole)
    let flat = try context.op(.reshape([.inferred] + sizes.dropFirst(2)), whole)
    let result = try context.ops(node.op, [flat] + node.operands.dropFirst())[0]
    let behind = context.dimensions(of: result).dropFirst()
    return try context.op(.reshape([.ofOperand(1, axis: 0), .fixed(count)] + behind), result, whole)
  }
}
