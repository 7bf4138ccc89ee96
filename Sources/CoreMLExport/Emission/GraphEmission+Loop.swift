import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  /// A recurrence as a while_loop whose body is one time step in plain operations.
  ///
  /// It carries the step's number, the states, the last output where masked steps repeat it, and the sequence so far if
  /// something reads it; weights and inputs its blocks see around them.
  func emitLoop(_ recurrence: Recurrence, _ operands: [Value], _ index: Int) throws {
    let loop = try RecurrenceParts(recurrence, operands.map { graph.type($0).plain }, scope: scope)
    let (projected, recurrentBias) = try emitProjection(loop.projection, operands)
    let sequence = Value(node: index)
    let keepsSequence = isUsed(sequence)

    var carried = [block.int(0)] + (try initialStates(recurrence, operands))
    if loop.previous != nil { carried.append(try zeroState(recurrence, operands)) }
    let batch = try size(operands[0], axis: 0)
    let steps = block.size(projected, axis: 0)
    let stepCount = block.scalarSize(projected, axis: 0)
    if keepsSequence {
      carried.append(
        block.filled(
          block.float(0), Shape([projected.shape[0], projected.shape[1], recurrence.units]),
          [steps, batch, .known(recurrence.units)]))
    }
    let mask = try recurrence.maskIndex.map { block.cast(try tensor(operands[$0], .timeFirst(2)), to: .int32) }
    var captured = [(value: loop.kernel, tensor: try tensor(operands[2]))]
    if let bias = loop.bias, let recurrentBias { captured.append((bias, recurrentBias)) }
    if let factors = loop.factors, let position = recurrence.stateFactorsIndex {
      captured.append((factors, try tensor(operands[position])))
    }
    let last = recurrence.goBackwards ? block.binary("sub", stepCount, 1) : nil

    // Goes on while steps are left.
    let condition = BlockBuilder(parts)
    condition.scope = "\(scope)_condition"
    let before = variables(carried)
    let goesOn = condition.binary("less", before[0], stepCount)

    let body = BlockBuilder(parts)
    body.scope = "\(scope)_step"
    let inside = variables(carried)
    let place = last.map { body.binary("sub", $0, inside[0]) } ?? inside[0]
    func row(_ x: Tensor) -> Tensor {
      body.add(
        "gather", ["x": .tensor(x), "indices": .tensor(place), "axis": .int(0)],
        TensorType(x.dtype, Shape(Array(x.shape.dimensions.dropFirst()))))
    }
    let emission = GraphEmission(loop.body, parameters: [:], block: body)
    for (value, tensor) in zip(loop.states + (loop.previous.map { [$0] } ?? []), inside[1...]) {
      emission.define(value, tensor)
    }
    for (value, tensor) in captured { emission.define(value, tensor) }
    emission.define(loop.projected, row(projected))
    if let value = loop.mask, let mask { emission.define(value, body.cast(row(mask), to: .bool)) }
    try emission.emitAll()
    body.scope = "\(scope)_step"
    var next = [body.binary("add", inside[0], 1)]
    next += try loop.body.outputs.dropLast().map { try emission.tensor($0) }
    if keepsSequence, let output = loop.body.outputs.last {
      let whole = inside[inside.count - 1]
      next.append(
        body.add(
          "scatter",
          [
            "data": .tensor(whole), "indices": .tensor(body.expand(inside[0], axes: [0])),
            "updates": .tensor(body.expand(try emission.tensor(output), axes: [0])), "axis": .int(0),
            "mode": .text("update"),
          ], whole.type))
    }
    // Each of what a block puts out is a tensor of its own.
    var taken = Set(inside)
    next = next.map { tensor in
      if taken.insert(tensor).inserted { return tensor }
      return body.unary("identity", tensor)
    }
    let results = block.add(
      "while_loop", ["loop_vars": .tensors(carried)], carried.map(\.type),
      blocks: [condition.proto(inputs: before, outputs: [goesOn]), body.proto(inputs: inside, outputs: next)])
    if keepsSequence, let whole = results.last { define(sequence, whole, .timeFirst(3)) }
    for state in 0..<recurrence.stateCount { define(Value(node: index, output: state + 1), results[state + 1]) }
  }

  /// The carried values by the names that a block has for them.
  private func variables(_ carried: [Tensor]) -> [Tensor] {
    carried.map { Tensor(name: parts.names.name("\(scope)_variable"), type: $0.type) }
  }

  /// The input's share of all steps, `(time, batch, gates·units)`, and the bias of the state's share.
  private func emitProjection(
    _ graph: Graph, _ operands: [Value]
  ) throws -> (projected: Tensor, recurrentBias: Tensor?) {
    let emission = GraphEmission(graph, parameters: [:], block: block)
    for (name, operand) in zip(graph.inputNames, operands) {
      guard let value = graph.input(named: name) else { continue }
      // What nothing reads only has to have a name.
      if emission.isUsed(value) {
        let (tensor, layout) = try anyTensor(operand)
        emission.define(value, tensor, layout)
      } else {
        emission.define(value, block.int(0))
      }
    }
    try emission.emitAll()
    let projected = try emission.tensor(graph.outputs[0], .timeFirst(3))
    return (projected, graph.outputs.count > 1 ? try emission.tensor(graph.outputs[1]) : nil)
  }
}
