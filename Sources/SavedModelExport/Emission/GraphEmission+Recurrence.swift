import KerasCore
import KerasExport
import KerasGraph

extension GraphEmission {
  /// A recurrence as a loop over time, whose body is one step in plain operations.
  func emitRecurrence(_ recurrence: Recurrence, _ operands: [Value], _ index: Int) throws {
    let units = recurrence.units
    let (projected, recurrentBias) = try emitProjection(recurrence, operands)
    let steps = node("Transpose", [projected, ints([1, 0, 2])])
    let batch = graph.shape(operands[0])[0]
    let time = try size(operands[0], axis: 1)
    let stateShape = Shape([batch, units])
    let keepsOutput = recurrence.hasMask && !recurrence.zeroOutputForMask

    var loop = LoopVariables()
    let counter = loop.add("step", int(0), Shape([]))
    let limit = loop.add("steps", time, Shape([]))
    let zero = node(
      "BroadcastTo",
      [
        number(0),
        try joined([graph.shape(operands[0])[0].map { .known($0) } ?? .axis(operands[0], 0), .known(units)]),
      ])
    var states: [Int] = []
    for state in 0..<recurrence.stateCount {
      let given = recurrence.hasInitialState ? recurrence.initialStateIndices.lowerBound + state : nil
      states.append(loop.add("state\(state)", try given.map { try tensor(operands[$0]) } ?? zero, stateShape))
    }
    let output = keepsOutput ? loop.add("output", zero, stateShape) : nil
    let elementShape = try joined([.known(-1), .known(units)])
    // Where the last step alone is asked for, no list of them is kept: LiteRT's converter refuses lists of open shapes.
    let sequence = graph.isRead(Value(node: index)) ? loop.add("sequence", list(elementShape, time), Shape([])) : nil
    let width = recurrence.gateCount * units
    let given = loop.add("projected", steps, Shape([graph.shape(operands[0])[1], batch, width]))
    let mask = try recurrence.maskIndex.map { position in
      let turned = node("Transpose", [try tensor(operands[position]), ints([1, 0])])
      return loop.add("mask", turned, Shape([graph.shape(operands[0])[1], batch]))
    }
    let kernel = loop.add("kernel", try tensor(operands[2]), graph.shape(operands[2]))
    let bias = recurrentBias.map { loop.add("bias", $0, Shape([width])) }
    let factors = try recurrence.stateFactorsIndex.map {
      loop.add("factors", try tensor(operands[$0]), graph.shape(operands[$0]))
    }

    // The body as an op graph; what it reads of a loop variable that is no tensor of one step is given to it.
    var body = Graph()
    body.scope = scope
    func input(_ variable: Int) -> Value {
      body.addInput(loop.names[variable], TensorType(.float32, loop.shapes[variable]))
    }
    let inner = RecurrenceStep(
      projected: body.addInput("now", TensorType(.float32, Shape([batch, width]))), states: states.map { input($0) },
      previousOutput: output.map { input($0) },
      mask: mask == nil ? nil : body.addInput("counts", TensorType(.bool, Shape([batch]))),
      recurrentKernel: input(kernel), recurrentBias: bias.map { input($0) }, stateFactors: factors.map { input($0) })
    let (stepOutput, next) = try body.addStep(recurrence, inner)
    body.outputs = [stepOutput] + next

    let step = FunctionBuilder(parts.functionName("while_body"))
    let arguments = loop.arguments(of: step)
    let emission = GraphEmission(body, parameters: [:], function: step, parts: parts)
    let now = arguments[counter]
    var place = now
    if recurrence.goBackwards {
      let last = emission.node("Sub", [arguments[limit], emission.int(1)])
      place = emission.node("Sub", [last, now])
    }
    emission.define(inner.projected, emission.gathered(arguments[given], place, axis: 0))
    if let mask, let counts = inner.mask { emission.define(counts, emission.gathered(arguments[mask], place, axis: 0)) }
    for (value, variable) in zip(inner.states, states) { emission.define(value, arguments[variable]) }
    if let output, let value = inner.previousOutput { emission.define(value, arguments[output]) }
    emission.define(inner.recurrentKernel, arguments[kernel])
    if let bias, let value = inner.recurrentBias { emission.define(value, arguments[bias]) }
    if let factors, let value = inner.stateFactors { emission.define(value, arguments[factors]) }
    try emission.emitAll()
    var after = arguments
    let made = try emission.tensor(stepOutput)
    after[counter] = emission.node("AddV2", [now, emission.int(1)])
    if let sequence {
      after[sequence] = emission.node(
        "TensorListSetItem", [arguments[sequence], now, made], ["element_dtype": .type(.float)], as: .variant)
    }
    for (variable, value) in zip(states, next) { after[variable] = try emission.tensor(value) }
    if let output { after[output] = made }
    parts.functions.append(step.function(results: loop.results(after, of: step)))

    let condition = FunctionBuilder(parts.functionName("while_cond"))
    let seen = loop.arguments(of: condition)
    let goesOn = condition.node("Less", [seen[counter], seen[limit]])
    parts.functions.append(condition.function(results: [("goes_on", goesOn)]))

    let name = function.add(
      "StatelessWhile", loop.initial.map(\.name),
      [
        "T": .types(loop.initial.map(\.type)), "cond": .function(condition.name), "body": .function(step.name),
        "output_shapes": .shapes(loop.shapes.map { SMTensorShape($0) }), "parallel_iterations": .int(32),
      ])
    func final(_ variable: Int) -> Tensor {
      Tensor(name: "\(name):output:\(variable)", type: loop.initial[variable].type)
    }
    if let sequence {
      let stacked = node(
        "TensorListStack", [final(sequence), elementShape], ["element_dtype": .type(.float)], as: .float)
      define(Value(node: index), node("Transpose", [stacked, ints([1, 0, 2])]))
    }
    for (state, variable) in states.enumerated() { define(Value(node: index, output: state + 1), final(variable)) }
  }

  private func list(_ elementShape: Tensor, _ count: Tensor) -> Tensor {
    node(
      "TensorListReserve", [elementShape, count], ["element_dtype": .type(.float), "shape_type": .type(.int32)],
      as: .variant)
  }

  /// The input's share of all steps, `(batch, time, gates·units)`, and the bias of the state's share.
  private func emitProjection(
    _ recurrence: Recurrence, _ operands: [Value]
  ) throws -> (projected: Tensor, recurrentBias: Tensor?) {
    var graph = Graph()
    graph.scope = scope
    let inner = operands.enumerated().map { graph.addInput("operand\($0.offset)", type($0.element)) }
    let projection = try graph.addInputProjection(recurrence, inner)
    let bias = try graph.addRecurrentBias(recurrence, inner)
    let emission = GraphEmission(graph, parameters: [:], function: function, parts: parts)
    for (value, operand) in zip(inner, operands) { emission.define(value, try tensor(operand)) }
    try emission.emitAll()
    return (try emission.tensor(projection), try bias.map { try emission.tensor($0) })
  }
}

/// What a loop carries from step to step, or only reads.
private struct LoopVariables {
  private(set) var names: [String] = []
  private(set) var initial: [Tensor] = []
  private(set) var shapes: [Shape] = []

  /// The result is the variable's position.
  mutating func add(_ name: String, _ tensor: Tensor, _ shape: Shape) -> Int {
    names.append(name)
    initial.append(tensor)
    shapes.append(shape)
    return names.count - 1
  }

  /// The variables as arguments of one of the loop's functions.
  func arguments(of function: FunctionBuilder) -> [Tensor] {
    names.indices.map { function.argument(names[$0], initial[$0].type, shapes[$0]) }
  }

  /// The variables after a step; each has a node of its own, as an argument cannot be a result.
  func results(_ tensors: [Tensor], of function: FunctionBuilder) -> [(name: String, tensor: Tensor)] {
    zip(names, tensors).map { ("\($0)_after", function.node("Identity", [$1])) }
  }
}
