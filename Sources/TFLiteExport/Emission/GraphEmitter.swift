import KerasCore
import KerasExport
import KerasGraph

/// Writes a graph's nodes as operators of one subgraph.
final class GraphEmitter {
  let graph: Graph
  let parameters: [String: TensorData]
  let builder: SubgraphBuilder
  /// The tensors of results already written, and those bound from outside.
  private var tensors: [Value: Tensor] = [:]
  private var weights: [WeightKey: Tensor] = [:]
  private let fusions: Fusions

  private struct WeightKey: Hashable {
    let value: Value
    let layout: WeightLayout
  }

  init(graph: Graph, parameters: [String: TensorData], builder: SubgraphBuilder) {
    self.graph = graph
    self.parameters = parameters
    self.builder = builder
    fusions = Fusions(graph, parameters)
  }

  func bind(_ value: Value, to tensor: Tensor) { tensors[value] = tensor }

  /// Writes everything the graph's outputs need.
  func emitAll() throws(ExportError) {
    let needed = graph.nodesNeeded()
    for index in graph.nodes.indices where needed[index] && !fusions.isAbsorbed(index) {
      let node = graph.nodes[index]
      // Constants are written in the order their readers want.
      if tensors[Value(node: index)] != nil || constant(Value(node: index)) != nil { continue }
      builder.scope = node.scope
      let results = try emit(node, at: index)
      let last = fusions.tail(of: index)?.last ?? index
      for (output, tensor) in results.enumerated() {
        let type = graph.nodes[last].types[output]
        guard builder.shape(tensor).rank == type.shape.rank else {
          throw ExportError(.malformed("\(node.op.name) was written as another rank"), layer: node.scope)
        }
        builder.refine(tensor, type.shape)
        tensors[Value(node: last, output: output)] = tensor
        if fusions.isShared(last) { builder.shared.insert(tensor) }
      }
    }
    builder.scope = ""
  }

  /// The tensor of a value; constants are written when something asks for them.
  func tensor(_ value: Value) throws(ExportError) -> Tensor {
    if let known = tensors[value] { return known }
    guard constant(value) != nil else {
      throw ExportError(.malformed("a value is used before it is computed"), layer: graph.nodes[value.node].scope)
    }
    return try weight(value, .asIs)
  }

  /// A constant in the order its operator wants, stored as the options ask.
  func weight(_ value: Value, _ layout: WeightLayout) throws(ExportError) -> Tensor {
    let key = WeightKey(value: value, layout: layout)
    if let known = weights[key] { return known }
    guard let data = constant(value) else {
      throw ExportError(.malformed("the value is no constant"), layer: graph.nodes[value.node].scope)
    }
    let isWeight = fusions.isWeight(value)
    let name = parameterName(value)
    let tensor = try builder.addWeight(
      data, as: graph.type(value).dtype, layout, isWeight: isWeight, name: name, layer: graph.nodes[value.node].scope)
    weights[key] = tensor
    return tensor
  }

  func constant(_ value: Value) -> TensorData? {
    switch graph.nodes[value.node].op {
    case .constant(let data): data
    case .parameter(let name): parameters[name]
    default: nil
    }
  }

  /// What follows the node that its operator does itself.
  func tail(of index: Int) -> Fusions.Tail? { fusions.tail(of: index) }

  private func parameterName(_ value: Value) -> String? {
    if case .parameter(let name) = graph.nodes[value.node].op { name } else { nil }
  }

  /// One case for every op; families are written in files of their own.
  private func emit(_ node: Node, at index: Int) throws(ExportError) -> [Tensor] {
    func operand(_ position: Int) throws(ExportError) -> Tensor { try tensor(node.operands[position]) }
    switch node.op {
    case .input(let name): throw refusal(node, "the input '\(name)'", "nothing was bound to it")
    case .parameter, .constant: return [try tensor(Value(node: index))]
    case .unary(let function): return [try unary(function, try operand(0), node)]
    case .binary(let function):
      return [try binary(function, try operand(0), try operand(1), node, tail(of: index)?.activation ?? .none)]
    case .compare(let comparison): return [compare(comparison, try operand(0), try operand(1))]
    case .select: return [builder.select(try operand(0), try operand(1), try operand(2))]
    case .cast(let dtype): return [try cast(try operand(0), to: dtype, node)]
    case .matmul(let transposeA, let transposeB):
      return [try matmul(node, at: index, transposeA: transposeA, transposeB: transposeB)]
    case .convolution(let convolution): return [try self.convolution(convolution, node, at: index)]
    case .convolutionInputGradient(let convolution, let spatial):
      return [try transposedConvolution(convolution, outputSpatial: spatial, node)]
    case .pool(let pooling): return [try pool(pooling, try operand(0), node)]
    case .reduce(let reduction, let axes, let keepDimensions):
      return [reduce(reduction, try operand(0), axes: axes, keepDimensions: keepDimensions)]
    case .argMax(let axis): return [argMax(try operand(0), axis: axis)]
    case .softmax(let axis): return [normalized(.softmax, try operand(0), axis: axis)]
    case .logSoftmax(let axis): return [normalized(.logSoftmax, try operand(0), axis: axis)]
    case .cumulativeSum(let axis, let reverse):
      let x = try operand(0)
      return [
        builder.add(
          .cumsum, [x, builder.int32(axis)], builder.type(x), .cumsum(exclusive: false, reverse: reverse))
      ]
    case .reshape(let target):
      let x = try operand(0)
      let source = fusions.mayBeOverwritten(index, in: graph) ? builder.unshared(x) : x
      return [builder.reshape(source, to: node.types[0].shape, try axes(target, node))]
    case .broadcast(let target):
      return [builder.broadcast(try operand(0), to: node.types[0].shape, try axes(target, node))]
    case .transpose(let permutation): return [try transpose(try operand(0), permutation, node)]
    case .concatenate(let axis): return [try concatenate(node, axis: axis)]
    case .slice(let starts, let limits, let strides):
      return [try slice(try operand(0), starts, limits, strides, node)]
    case .pad(let before, let after, let value): return [try pad(try operand(0), before, after, value, node)]
    case .reverse(let axes): return [reverse(try operand(0), axes: axes)]
    case .gatherRows: return [gatherRows(try operand(0), try operand(1), node)]
    case .scatterAddRows: return [try scatterAddRows(node)]
    case .iota(let axis): return [try iota(node, axis: axis)]
    case .dimension(let axis, let dtype): return [try dimension(node, axis: axis, dtype)]
    case .recurrence(let recurrence): return try self.recurrence(recurrence, node)
    case .stopGradient: return [try operand(0)]
    case .convolutionKernelGradient, .poolGradient, .softmaxGradient, .sliceGradient, .recurrenceGradient:
      throw refusal(node, node.op.name, "TensorFlow Lite's operators compute no gradients")
    case .random: throw refusal(node, "a random draw in predictions", "its numbers could not be those of the source")
    case .lookup, .encodeText, .hash, .cross:
      throw refusal(
        node, "a table of categories or texts", "TensorFlow Lite's operators know neither; preprocess the input instead"
      )
    case .custom(let function), .customGradient(let function):
      throw refusal(node, "the function '\(function.name)'", "TensorFlow Lite has no operations for it")
    }
  }

  func refusal(_ node: Node, _ what: String, _ reason: String) -> ExportError {
    ExportError(.notExpressible(what: what, reason: reason), layer: node.scope)
  }

  /// The sizes of a target shape where they are to be found.
  private func axes(_ target: [TargetDimension], _ node: Node) throws(ExportError) -> [AxisSize] {
    var axes: [AxisSize] = []
    for (index, dimension) in target.enumerated() {
      if let size = node.types[0].shape[index] {
        axes.append(.fixed(size))
        continue
      }
      switch dimension {
      case .fixed(let size): axes.append(.fixed(size))
      case .ofOperand(let operand, let axis): axes.append(.of(try tensor(node.operands[operand]), axis: axis))
      case .inferred: axes.append(.rest)
      }
    }
    return axes
  }
}

extension Graph {
  /// Which nodes the outputs depend on.
  func nodesNeeded() -> [Bool] {
    var needed = [Bool](repeating: false, count: nodes.count)
    for output in outputs { needed[output.node] = true }
    for index in nodes.indices.reversed() where needed[index] {
      for operand in nodes[index].operands { needed[operand.node] = true }
    }
    return needed
  }
}
