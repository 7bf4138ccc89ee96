import KerasCore

/// Folds multiplications and additions by known per-channel numbers into the weights of a neighbouring linear operation.
///
/// An inference-time BatchNormalization after a convolution or matrix product disappears into its kernel and one bias;
/// one before it disappears if no padding mixes with its shift. Other chains of such steps become one multiplication and
/// one addition. A bias `(heads, size)` behind the reshape that splits a product's channels is the product's, too.
struct AffineFolding: RewriteRule {
  /// scale · base + shift, as computed by `steps` operations so far.
  private struct Chain {
    var base: Value
    /// The reshape that splits the channels: it stays behind the steps.
    var split: Node?
    /// The last axes of the chain's value, which are the base's channels.
    var axes: [Int?]
    var scale: ChannelVector = .one
    var shift: ChannelVector = .zero
    var steps = 0
    /// The base is a linear operation that nothing else reads.
    var foldsIntoBase: Bool
    /// The base with the scale in its kernel, once made.
    var scaledBase: Value?
  }

  private let original: Graph
  private let parameters: KnownParameters
  private let uses: [Int]
  private var chains: [Value: Chain] = [:]

  /// x·s + t loses digits against (x − m)·s where t is large; a kernel's results have lost them already.
  private static let largestFreeShift = 32.0

  init(_ graph: Graph, parameters: KnownParameters) {
    original = graph
    self.parameters = parameters
    uses = graph.useCounts()
  }

  mutating func replacement(
    for node: Node, at index: Int, operands: [Value], in graph: inout Graph
  ) throws(GraphError) -> [Value]? {
    if case .binary(let function) = node.op { return try extended(function, node, operands, &graph).map { [$0] } }
    guard node.operands.count >= 2, uses[node.operands[0].node] == 1, let chain = chains[operands[0]],
      !chain.foldsIntoBase
    else { return nil }
    return try absorbed(chain, by: node, operands, &graph).map { [$0] }
  }

  /// A linear operation that takes the chain's base instead of its end.
  private mutating func absorbed(
    _ chain: Chain, by node: Node, _ operands: [Value], _ graph: inout Graph
  ) throws(GraphError) -> Value? {
    var node = node
    node.operands = operands
    guard operands[0] != operands[1], let linear = LinearKernel(node, in: graph, parameters: parameters),
      chain.shift.isZero || (linear.seesNoPadding && chain.shift.largest <= Self.largestFreeShift)
    else { return nil }
    let scale = chain.scale
    guard let shift = linear.response(to: chain.shift), shift.isFinite, let bias = shift.data,
      let kernel = parameters.add(linear.shape, to: &graph, { linear.scalingInputs(scale) })
    else { return nil }
    let product = try graph.add(node.op, [chain.base, kernel] + operands.dropFirst(2))[0]
    if shift.isZero { return product }
    let result = try graph.apply(.binary(.add), product, graph.addConstant(bias))
    let axes = Array(graph.shape(product).dimensions.suffix(1))
    chains[result] = Chain(base: product, axes: axes, shift: shift, steps: 1, foldsIntoBase: true)
    return result
  }

  /// The chain of an operand with one more step.
  private mutating func extended(
    _ function: Binary, _ node: Node, _ operands: [Value], _ graph: inout Graph
  ) throws(GraphError) -> Value? {
    for position in 0...1 {
      let data = operands[position]
      let type = graph.type(data)
      guard type.dtype == .float32, type == node.types[0], graph.knownShape(data, parameters) == nil,
        let shape = graph.knownShape(operands[1 - position], parameters), shape.count <= type.shape.rank,
        let known = graph.knownData(operands[1 - position], parameters), let tensor = ConstantTensor(known)
      else { continue }
      var chain = chain(of: data, node.operands[position], graph)
      guard let number = ChannelVector(tensor, axes: chain.axes),
        let step = Self.step(function, number, knownIsLeft: position == 1)
      else { continue }
      chain.scale = chain.scale.combined(step.scale, *)
      chain.shift = chain.shift.combined(step.scale, *).combined(step.shift, +)
      chain.steps += 1
      if !step.scale.isOne { chain.scaledBase = nil }
      guard chain.scale.isFinite, chain.shift.isFinite else { return nil }
      let result = try emitted(&chain, node, operands, &graph)
      chains[result] = chain
      return result
    }
    return nil
  }

  /// `old` is the same value in the original graph.
  private func chain(of data: Value, _ old: Value, _ graph: Graph) -> Chain {
    let isOnlyUse = uses[old.node] == 1
    if isOnlyUse, let chain = chains[data] { return chain }
    let (node, oldNode) = (graph.nodes[data.node], original.nodes[old.node])
    if isOnlyUse, case .reshape = node.op, case .reshape = oldNode.op {
      var chain = chain(of: node.operands[0], oldNode.operands[0], graph)
      let channels = chain.axes.last ?? nil
      if chain.foldsIntoBase, chain.split == nil, let channels, let axes = lastAxes(of: channels, in: graph.shape(data))
      {
        (chain.split, chain.axes) = (node, axes)
        return chain
      }
    }
    let isLinear = LinearKernel(node, in: graph, parameters: parameters) != nil
    let axes = Array(graph.shape(data).dimensions.suffix(1))
    return Chain(base: data, axes: axes, foldsIntoBase: isOnlyUse && isLinear)
  }

  /// The last axes of a shape that have so many elements together.
  private func lastAxes(of count: Int, in shape: Shape) -> [Int?]? {
    var axes: [Int?] = []
    var product = 1
    for size in shape.dimensions.reversed() {
      guard let size, size > 0, product < count || axes.isEmpty else { return nil }
      axes.insert(size, at: 0)
      product *= size
      if product == count { return axes }
    }
    return nil
  }

  private static func step(
    _ function: Binary, _ number: ChannelVector, knownIsLeft: Bool
  ) -> (scale: ChannelVector, shift: ChannelVector)? {
    let negative = ChannelVector(values: number.values.map { -$0 })
    switch function {
    case .add: return (.one, number)
    case .multiply: return (number, .zero)
    case .subtract: return knownIsLeft ? (ChannelVector(values: [-1]), number) : (.one, negative)
    case .divide where !knownIsLeft: return (ChannelVector(values: number.values.map { 1 / $0 }), .zero)
    default: return nil
    }
  }

  /// The chain's value, written shorter where that is possible.
  private func emitted(
    _ chain: inout Chain, _ node: Node, _ operands: [Value], _ graph: inout Graph
  ) throws(GraphError) -> Value {
    var value = chain.base
    var scale = chain.scale
    if chain.foldsIntoBase, !scale.isOne, let scaled = try scaledBase(chain, &graph) {
      chain.scaledBase = scaled
      value = scaled
      scale = .one
    } else {
      let remaining = (scale.isOne ? 0 : 1) + (chain.shift.isZero ? 0 : 1)
      guard remaining < chain.steps || chain.split != nil, chain.shift.largest <= Self.largestFreeShift || scale.isOne
      else {
        return try graph.add(node.op, operands)[0]
      }
    }
    if !scale.isOne, let data = scale.data {
      value = try graph.apply(.binary(.multiply), value, graph.addConstant(data))
    }
    if !chain.shift.isZero, let data = chain.shift.data {
      value = try graph.apply(.binary(.add), value, graph.addConstant(data))
    }
    guard let split = chain.split else { return value }
    return try graph.add(split.op, [value] + split.operands.dropFirst())[0]
  }

  private func scaledBase(_ chain: Chain, _ graph: inout Graph) throws(GraphError) -> Value? {
    if let made = chain.scaledBase { return made }
    let node = graph.nodes[chain.base.node]
    let scale = chain.scale
    guard let linear = LinearKernel(node, in: graph, parameters: parameters),
      let kernel = parameters.add(linear.shape, to: &graph, { linear.scalingResults(scale) })
    else { return nil }
    return try graph.add(linear.op, [linear.data, kernel] + node.operands.dropFirst(2))[0]
  }
}
