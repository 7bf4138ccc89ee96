import KerasCore
import KerasExport
import KerasGraph

/// Short recurrences of known length as their steps one after the other.
///
/// A loop carries copies of its variables from step to step, unrolled steps are nodes: measured on LSTMs of 16 and 128
/// units, both take as long at 16 to 32 steps, beyond which loops are faster and ready much sooner.
struct RecurrenceUnrolling {
  static let stepLimit = 16

  let result: ExportGraph

  init(_ source: ExportGraph) throws(ExportError) {
    let isNeeded = source.graph.nodes.contains { Self.steps(of: $0, in: source.graph) != nil }
    guard isNeeded else {
      result = source
      return
    }
    do {
      var unrolled = source
      unrolled.graph = try Self.unrolled(source.graph).optimizedForInference(parameters: source.parameters)
      unrolled.parameters = source.parameters.filter { unrolled.graph.parameter(named: $0.key) != nil }
      result = unrolled
    } catch let error as GraphError {
      throw ExportError(.notExpressible(what: "the recurrence", reason: error.description), layer: error.scope)
    } catch {
      throw ExportError(.malformed("\(error)"))
    }
  }

  private static func steps(of node: Node, in graph: Graph) -> Int? {
    guard case .recurrence = node.op, let steps = graph.shape(node.operands[0])[1], steps > 0, steps <= stepLimit
    else { return nil }
    return steps
  }

  private static func unrolled(_ source: Graph) throws -> Graph {
    var graph = Graph()
    var moved: [Value: Value] = [:]
    for name in source.inputNames {
      guard let value = source.input(named: name) else { continue }
      graph.scope = source.nodes[value.node].scope
      moved[value] = graph.addInput(name, source.type(value))
    }
    for index in source.nodes.indices where moved[Value(node: index)] == nil {
      let node = source.nodes[index]
      graph.scope = node.scope
      let operands = node.operands.compactMap { moved[$0] }
      let results: [Value]
      switch node.op {
      case .parameter(let name): results = [graph.addParameter(name, node.types[0])]
      case .constant(let data): results = [graph.addConstant(data)]
      case .recurrence(let recurrence):
        if let steps = steps(of: node, in: source) {
          results = try unroll(recurrence, operands, steps: steps, in: &graph)
        } else {
          results = try graph.add(node.op, operands)
        }
      default: results = try graph.add(node.op, operands)
      }
      for (output, value) in results.enumerated() { moved[Value(node: index, output: output)] = value }
    }
    graph.outputs = source.outputs.compactMap { moved[$0] }
    return graph
  }

  private static func unroll(
    _ recurrence: Recurrence, _ operands: [Value], steps: Int, in graph: inout Graph
  ) throws -> [Value] {
    let projected = try graph.addInputProjection(recurrence, operands)
    let bias = try graph.addRecurrentBias(recurrence, operands)
    func row(_ value: Value, _ step: Int, _ graph: inout Graph) throws -> Value {
      let rank = graph.shape(value).rank
      let (starts, limits): ([Int], [Int?]) = ([0, step, 0], [nil, step + 1, nil])
      let part = try graph.add(
        .slice(
          starts: Array(starts.prefix(rank)), limits: Array(limits.prefix(rank)),
          strides: Array(repeating: 1, count: rank)), [value])[0]
      // A mask's step stays a column.
      guard rank == 3, let width = graph.shape(value)[2] else { return part }
      return try graph.add(.reshape([.ofOperand(0, axis: 0), .fixed(width)]), [part])[0]
    }
    func zeros(_ graph: inout Graph) throws -> Value {
      let first = try row(projected, 0, &graph)
      let gate = try graph.add(
        .slice(starts: [0, 0], limits: [nil, recurrence.units], strides: [1, 1]), [first])[0]
      // Nothing is greater than infinity: zeros whose number follows the batch.
      let none = try graph.add(.compare(.greater), [gate, graph.addConstant(TensorData(.infinity))])[0]
      return try graph.add(.cast(.float32), [none])[0]
    }
    var states = recurrence.initialStateIndices.map { operands[$0] }
    if states.isEmpty { states = Array(repeating: try zeros(&graph), count: recurrence.stateCount) }
    var previous: Value?
    if recurrence.hasMask, !recurrence.zeroOutputForMask { previous = try zeros(&graph) }
    var sequence: [Value] = []
    for turn in 0..<steps {
      let place = recurrence.goBackwards ? steps - 1 - turn : turn
      let step = RecurrenceStep(
        projected: try row(projected, place, &graph), states: states, previousOutput: previous,
        mask: try recurrence.maskIndex.map { try row(operands[$0], place, &graph) },
        recurrentKernel: operands[2], recurrentBias: bias,
        stateFactors: recurrence.stateFactorsIndex.map { operands[$0] })
      let next = try graph.addStep(recurrence, step)
      states = next.states
      if previous != nil { previous = next.output }
      sequence.append(
        try graph.add(
          .reshape([.ofOperand(0, axis: 0), .fixed(1), .fixed(recurrence.units)]), [next.output])[0])
    }
    let whole = sequence.count == 1 ? sequence[0] : try graph.add(.concatenate(axis: 1), sequence)[0]
    return [whole] + states
  }
}
