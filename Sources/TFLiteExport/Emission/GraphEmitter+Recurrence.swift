import KerasCore
import KerasExport
import KerasGraph

extension GraphEmitter {
  /// A WHILE loop over the steps, whose body is the layer's cell.
  ///
  /// UNIDIRECTIONAL_SEQUENCE_LSTM is not used: its states are variables that keep their values from one call to the next
  /// unless the caller resets them, so that a second prediction would not be the first's.
  func recurrence(_ recurrence: Recurrence, _ node: Node) throws(ExportError) -> [Tensor] {
    do {
      return try loop(recurrence, node)
    } catch let error as ExportError {
      throw error
    } catch {
      throw refusal(node, "the recurrence", "\(error)")
    }
  }

  private func loop(_ recurrence: Recurrence, _ node: Node) throws -> [Tensor] {
    // The inputs' share of all steps, outside the loop, as ops of their own.
    var outside = Graph()
    outside.scope = node.scope
    let operands = node.operands.indices.map { index in
      outside.addInput("\(index)", graph.type(node.operands[index]))
    }
    let projection = try outside.addInputProjection(recurrence, operands)
    outside.outputs = [projection] + (try outside.addRecurrentBias(recurrence, operands).map { [$0] } ?? [])
    let (prepared, known) = try constantsInPlace(outside, node)
    let before = GraphEmitter(graph: prepared, parameters: known, builder: builder)
    for (index, operand) in node.operands.enumerated() {
      guard let value = prepared.input(named: "\(index)") else { continue }
      before.bind(value, to: try tensor(operand))
    }
    try before.emitAll()
    builder.scope = node.scope
    let projected = try before.tensor(prepared.outputs[0])

    var loop = LoopVariables(recurrence, builder, projected: projected)
    for index in recurrence.initialStateIndices { loop.states.append(try tensor(node.operands[index])) }
    if loop.states.isEmpty { loop.states = Array(repeating: loop.zeroState(), count: recurrence.stateCount) }
    if let index = recurrence.maskIndex { loop.mask = try tensor(node.operands[index]) }
    if let index = recurrence.stateFactorsIndex { loop.factors = try tensor(node.operands[index]) }
    if recurrence.hasMask, !recurrence.zeroOutputForMask { loop.previous = loop.zeroState() }
    if constant(node.operands[2]) == nil { loop.kernel = try tensor(node.operands[2]) }
    if prepared.outputs.count > 1, before.constant(prepared.outputs[1]) == nil {
      loop.bias = try before.tensor(prepared.outputs[1])
    }

    let condition = builder.model.addSubgraph(named: "\(node.scope)/condition")
    loop.writeCondition(condition)
    let body = builder.model.addSubgraph(named: "\(node.scope)/step")
    var inside = loop.entered(body)
    try step(
      recurrence, node, &inside, body, bias: prepared.outputs.count > 1 ? before.constant(prepared.outputs[1]) : nil)
    let results = builder.addWhile(loop.all, condition: condition, body: body)
    let states = loop.statePositions.map { results[$0] }
    return [results[results.count - 1]] + states
  }

  /// Writes one step into the body and ends it with the loop's next values.
  private func step(
    _ recurrence: Recurrence, _ node: Node, _ loop: inout LoopVariables, _ body: SubgraphBuilder, bias: TensorData?
  ) throws {
    body.scope = node.scope
    let place = loop.place(of: loop.counter)
    var cell = Graph()
    cell.scope = node.scope
    var bound: [(Value, Tensor)] = []
    func input(_ name: String, _ tensor: Tensor) -> Value {
      let value = cell.addInput(name, body.type(tensor))
      bound.append((value, tensor))
      return value
    }
    let row = input("projected", loop.row(loop.projected, place))
    let states = loop.states.enumerated().map { input("state \($0)", $1) }
    let mask = loop.mask.map { input("mask", loop.row($0, place)) }
    let kernel: Value
    if let data = constant(node.operands[2]) {
      kernel = cell.addParameter("recurrent kernel", graph.type(node.operands[2]))
      _ = data
    } else if let tensor = loop.kernel {
      kernel = input("kernel", tensor)
    } else {
      throw ExportError(.malformed("a recurrent kernel is missing"), layer: node.scope)
    }
    let biasValue: Value? =
      if let tensor = loop.bias { input("bias", tensor) } else { bias.map { cell.addConstant($0) } }
    let step = RecurrenceStep(
      projected: row, states: states, previousOutput: loop.previous.map { input("previous", $0) }, mask: mask,
      recurrentKernel: kernel, recurrentBias: biasValue, stateFactors: loop.factors.map { input("factors", $0) })
    let next = try cell.addStep(recurrence, step)
    cell.outputs = [next.output] + next.states
    let known = constant(node.operands[2]).map { ["recurrent kernel": $0] } ?? [:]
    // Parts of the kernel are cut out now, not at every step.
    let folded = try cell.optimizedForInference(parameters: known)
    let emitter = GraphEmitter(graph: folded, parameters: known, builder: body)
    for (value, tensor) in bound {
      guard case .input(let name) = cell.nodes[value.node].op, let place = folded.input(named: name) else { continue }
      emitter.bind(place, to: tensor)
    }
    try emitter.emitAll()
    body.scope = node.scope
    let results = try folded.outputs.map { try emitter.tensor($0) }
    loop.finish(output: results[0], states: Array(results.dropFirst()))
  }

  /// The graph with the recurrence's constant operands as parameters, so that weights stay weights.
  private func constantsInPlace(_ source: Graph, _ node: Node) throws -> (Graph, [String: TensorData]) {
    var known: [String: TensorData] = [:]
    var result = Graph()
    var moved: [Value: Value] = [:]
    for index in source.nodes.indices {
      let part = source.nodes[index]
      result.scope = part.scope
      switch part.op {
      case .input(let name):
        if let operand = Int(name), let data = constant(node.operands[operand]) {
          let key = weightName(node.operands[operand]) ?? "\(node.scope)/\(name)"
          known[key] = data
          moved[Value(node: index)] = result.addParameter(key, part.types[0])
        } else {
          moved[Value(node: index)] = result.addInput(name, part.types[0])
        }
      case .constant(let data): moved[Value(node: index)] = result.addConstant(data)
      default:
        let operands = part.operands.compactMap { moved[$0] }
        for (output, value) in try result.add(part.op, operands).enumerated() {
          moved[Value(node: index, output: output)] = value
        }
      }
    }
    result.outputs = source.outputs.compactMap { moved[$0] }
    return (try result.optimizedForInference(parameters: known), known)
  }

  private func weightName(_ value: Value) -> String? {
    if case .parameter(let name) = graph.nodes[value.node].op { name } else { nil }
  }
}
