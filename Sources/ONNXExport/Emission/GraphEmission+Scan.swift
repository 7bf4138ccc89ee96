import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  /// A recurrence as a loop whose body is one time step in plain operations.
  func emitScan(_ recurrence: Recurrence, _ operands: [Value], _ index: Int) throws {
    let (projected, recurrentBias) = try emitProjection(recurrence, operands)
    let keepsOutput = recurrence.hasMask && !recurrence.zeroOutputForMask
    let units = recurrence.units
    let batch: (value: Value, axis: Int) = (operands[0], 0)
    let stateShape = Shape([graph.shape(operands[0])[0], units])

    // What the loop carries: the states and, where masked steps repeat it, the last output.
    var initial: [String] = []
    for state in recurrence.initialStateIndices { initial.append(try tensor(operands[state])) }
    func zeros() throws -> String {
      let size: Size = graph.shape(batch.value)[0].map { .known($0) } ?? .axis(batch.value, batch.axis)
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
    var body = Graph()
    body.scope = scope
    var given: [(value: Value, name: String)] = []
    func input(_ name: String, _ type: TensorType) -> Value { body.addInput(name, type) }
    func captured(_ name: String, _ value: Value, _ tensor: String) -> Value {
      let inner = input(name, type(value))
      given.append((inner, tensor))
      return inner
    }
    let states = (0..<recurrence.stateCount).map { input("state\($0)", TensorType(.float32, stateShape)) }
    let previous = keepsOutput ? input("output", TensorType(.float32, stateShape)) : nil
    let row = Shape([stateShape[0], recurrence.gateCount * units])
    let step = input("projected", TensorType(.float32, row))
    let mask = recurrence.hasMask ? input("mask", TensorType(.bool, Shape([stateShape[0]]))) : nil
    let kernel = captured("kernel", operands[2], try tensor(operands[2]))
    var bias: Value?
    if let recurrentBias {
      bias = input("bias", TensorType(.float32, Shape([recurrence.gateCount * units])))
      if let bias { given.append((bias, recurrentBias)) }
    }
    var factors: Value?
    if let position = recurrence.stateFactorsIndex {
      factors = captured("factors", operands[position], try tensor(operands[position]))
    }
    let (output, next) = try body.addStep(
      recurrence,
      RecurrenceStep(
        projected: step, states: states, previousOutput: previous, mask: mask, recurrentKernel: kernel,
        recurrentBias: bias, stateFactors: factors))
    body.outputs = next + (keepsOutput ? [output] : []) + [output]
    let inputs = states + (previous.map { [$0] } ?? []) + [step] + (mask.map { [$0] } ?? [])
    let proto = try emitBody(body, inputs: inputs, captured: given)

    var attributes: [Attribute] = [.graph("body", proto), .int("num_scan_inputs", scanned.count)]
    if recurrence.goBackwards { attributes.append(.ints("scan_input_directions", scanned.map { _ in 1 })) }
    let results = node("Scan", initial + scanned, results: initial.count + 1, attributes)
    define(Value(node: index), results[initial.count], .timeFirst(3))
    for state in 0..<recurrence.stateCount { define(Value(node: index, output: state + 1), results[state]) }
  }

  /// The input's share of all steps, `(time, batch, gates·units)`, and the bias of the state's share.
  private func emitProjection(
    _ recurrence: Recurrence, _ operands: [Value]
  ) throws -> (projected: String, recurrentBias: String?) {
    var graph = Graph()
    graph.scope = scope
    let inner = operands.enumerated().map { graph.addInput("operand\($0.offset)", type($0.element)) }
    var outputs = [try graph.addInputProjection(recurrence, inner)]
    if let bias = try graph.addRecurrentBias(recurrence, inner) { outputs.append(bias) }
    graph.outputs = outputs
    let emission = GraphEmission(graph, parameters: [:], parts: parts)
    for (value, operand) in zip(inner, operands) where emission.isUsed(value) {
      let (name, layout) = try anyTensor(operand)
      emission.define(value, name, layout)
    }
    // Without a use nothing reads it; its name only has to be there.
    for value in inner where !emission.isUsed(value) { emission.define(value, "") }
    try emission.emitAll()
    let projected = try emission.tensor(outputs[0], .timeFirst(3))
    let bias = outputs.count > 1 ? try emission.tensor(outputs[1]) : nil
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
