import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  /// A recurrence as a loop whose body is one time step in plain operations.
  func emitScan(_ recurrence: Recurrence, _ operands: [Value], _ index: Int) throws {
    let loop = try RecurrenceParts(recurrence, operands.map { type($0) }, scope: scope)
    let (projected, recurrentBias) = try emitProjection(loop.projection, operands)
    let keepsOutput = loop.previous != nil
    let units = recurrence.units

    // What the loop carries: the states and, where masked steps repeat it, the last output.
    var initial: [String] = []
    for state in recurrence.initialStateIndices { initial.append(try tensor(operands[state])) }
    func zeros() throws -> String {
      let size: Size = graph.shape(operands[0])[0].map { .known($0) } ?? .axis(operands[0], 0)
      return node("Expand", [number(0), try joined([size, .known(units)])])
    }
    if initial.isEmpty || keepsOutput {
      let zero = try zeros()
      if initial.isEmpty { initial = [String](repeating: zero, count: recurrence.stateCount) }
      if keepsOutput { initial.append(zero) }
    }
    var scanned = [projected]
    if let mask = recurrence.maskIndex { scanned.append(try tensor(operands[mask], .timeFirst(2))) }

    // The body sees the weights of the graph around it.
    var captured = [(value: loop.kernel, name: try tensor(operands[2]))]
    if let bias = loop.bias, let recurrentBias { captured.append((bias, recurrentBias)) }
    if let factors = loop.factors, let position = recurrence.stateFactorsIndex {
      captured.append((factors, try tensor(operands[position])))
    }
    let inputs = loop.states + [loop.previous, loop.projected, loop.mask].compactMap { $0 }
    let proto = try emitBody(loop.body, inputs: inputs, captured: captured)

    var attributes: [Attribute] = [.graph("body", proto), .int("num_scan_inputs", scanned.count)]
    if recurrence.goBackwards { attributes.append(.ints("scan_input_directions", scanned.map { _ in 1 })) }
    let results = node("Scan", initial + scanned, results: initial.count + 1, attributes)
    define(Value(node: index), results[initial.count], .timeFirst(3))
    for state in 0..<recurrence.stateCount { define(Value(node: index, output: state + 1), results[state]) }
  }

  /// The input's share of all steps, `(time, batch, gates·units)`, and the bias of the state's share.
  private func emitProjection(
    _ graph: Graph, _ operands: [Value]
  ) throws -> (projected: String, recurrentBias: String?) {
    let inner = graph.inputNames.compactMap { graph.input(named: $0) }
    let emission = GraphEmission(graph, parameters: [:], parts: parts)
    for (value, operand) in zip(inner, operands) where emission.isUsed(value) {
      let (name, layout) = try anyTensor(operand)
      emission.define(value, name, layout)
    }
    // Without a use nothing reads it; its name only has to be there.
    for value in inner where !emission.isUsed(value) { emission.define(value, "") }
    try emission.emitAll()
    let projected = try emission.tensor(graph.outputs[0], .timeFirst(3))
    let bias = graph.outputs.count > 1 ? try emission.tensor(graph.outputs[1]) : nil
    nodes += emission.nodes
    return (projected, bias)
  }

  /// The graph of a loop's body, whose outputs have names of their own each.
  private func emitBody(
    _ body: Graph, inputs: [Value], captured: [(value: Value, name: String)]
  ) throws -> ONNXGraphProto {
    let emission = GraphEmission(body, parameters: [:], parts: parts)
    var proto = ONNXGraphProto()
    proto.name = "\(scope)/step"
    for value in inputs {
      guard case .input(let name) = body.nodes[value.node].op else { continue }
      let tensor = parts.tensorName("\(scope)/step/\(name)")
      emission.define(value, tensor)
      proto.input.append(ONNXValueInfoProto(tensor, body.type(value)))
    }
    for (value, name) in captured { emission.define(value, name) }
    try emission.emitAll()
    for output in body.outputs {
      emission.scope = "\(scope)/step"
      // A value may be put out twice, or be one of the body's inputs.
      let tensor = emission.node("Identity", [try emission.tensor(output)])
      proto.output.append(ONNXValueInfoProto(tensor, body.type(output)))
    }
    proto.node = emission.nodes
    return proto
  }
}
