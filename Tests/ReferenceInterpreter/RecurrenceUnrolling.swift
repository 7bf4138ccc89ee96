import KerasCore
import KerasGraph

extension Interpreter {
  /// The gradients by differentiating the recurrence written out step by step in other ops.
  static func evaluateRecurrenceGradient(_ recurrence: Recurrence, _ operands: [Tensor]) throws -> [Tensor] {
    let own = Array(operands[..<recurrence.operandCount])
    let resultCount = 1 + recurrence.stateCount
    let resultGradients = operands.suffix(resultCount)
    var graph = try unrolled(recurrence, own.map(\.shape))

    var inputs: [String: Tensor] = [:]
    for (index, operand) in own.enumerated() { inputs["operand\(index)"] = operand }
    var terms: [Value] = []
    for (index, (result, gradient)) in Swift.zip(graph.outputs, resultGradients).enumerated() {
      let name = "gradient\(index)"
      inputs[name] = gradient
      let factor = graph.addInput(name, TensorType(.float32, Shape(gradient.shape)))
      let product = try graph.add(.binary(.multiply), [result, factor])[0]
      let axes = Array(0..<gradient.shape.count)
      terms.append(try graph.add(.reduce(.sum, axes: axes, keepDimensions: false), [product])[0])
    }
    var loss = terms[0]
    for term in terms.dropFirst() { loss = try graph.add(.binary(.add), [loss, term])[0] }

    var wanted = [0, 1, 2]
    if let bias = recurrence.biasIndex { wanted.append(bias) }
    wanted += recurrence.initialStateIndices
    let gradients = try graph.gradients(of: loss, with: wanted.compactMap { graph.input(named: "operand\($0)") })
    let computed = try run(graph, fetching: gradients.compactMap { $0 }, inputs: inputs)
    var remaining = computed.makeIterator()
    return Swift.zip(wanted, gradients).map { index, gradient in
      gradient == nil ? Tensor(own[index].shape, filledWith: 0) : remaining.next() ?? own[index]
    }
  }

  /// A recurrence as a graph of its steps, with inputs `operand0`, `operand1` … and the recurrence's results as outputs.
  public static func unrolled(_ recurrence: Recurrence, _ shapes: [[Int]]) throws -> Graph {
    var graph = Graph()
    let operands = shapes.enumerated().map { index, shape in
      graph.addInput("operand\(index)", TensorType(index == recurrence.maskIndex ? .bool : .float32, Shape(shape)))
    }
    let unrolling = Unrolling(recurrence, operands, batch: shapes[0][0])
    graph.outputs = try unrolling.build(time: shapes[0][1], in: &graph)
    return graph
  }
}

private struct Unrolling {
  let recurrence: Recurrence
  let operands: [Value]
  let batch: Int
  var units: Int { recurrence.units }

  init(_ recurrence: Recurrence, _ operands: [Value], batch: Int) {
    self.recurrence = recurrence
    self.operands = operands
    self.batch = batch
  }

  func build(time: Int, in graph: inout Graph) throws -> [Value] {
    let zero = graph.addConstant(try .filled(0, shape: [batch, units]))
    var states =
      recurrence.hasInitialState
      ? recurrence.initialStateIndices.map { operands[$0] } : [Value](repeating: zero, count: recurrence.stateCount)
    var previousOutput = zero
    var sequence: [Value] = []
    for step in 0..<time {
      let source = recurrence.goBackwards ? time - 1 - step : step
      let next = try cell(try element(operands[0], source, &graph), states, &graph)
      var output = next[0]
      if let maskIndex = recurrence.maskIndex {
        let mask = try element(operands[maskIndex], source, &graph)
        let keep = { (new: Value, old: Value, graph: inout Graph) in try graph.add(.select, [mask, new, old])[0] }
        output = try keep(output, recurrence.zeroOutputForMask ? zero : previousOutput, &graph)
        for index in states.indices { states[index] = try keep(next[index], states[index], &graph) }
      } else {
        states = next
      }
      previousOutput = output
      sequence.append(try graph.add(.reshape([.fixed(batch), .fixed(1), .fixed(units)]), [output])[0])
    }
    return [try graph.add(.concatenate(axis: 1), sequence)[0]] + states
  }

  /// Step `time` of `(batch, time, width)` as `(batch, width)`, or of `(batch, time)` as `(batch, 1)`.
  private func element(_ x: Value, _ time: Int, _ graph: inout Graph) throws -> Value {
    let rank = graph.shape(x).rank
    let starts = [0, time, 0].prefix(rank)
    let limits: [Int?] = [nil, time + 1, nil]
    let slice = Op.slice(
      starts: Array(starts), limits: Array(limits.prefix(rank)), strides: Array([1, 1, 1].prefix(rank)))
    let part = try graph.add(slice, [x])[0]
    return rank == 2 ? part : try graph.add(.reshape([.fixed(batch), .inferred]), [part])[0]
  }

  private func cell(_ x: Value, _ states: [Value], _ graph: inout Graph) throws -> [Value] {
    let h = states[0]
    let width = recurrence.gateCount * units
    func binary(_ function: Binary, _ a: Value, _ b: Value) throws -> Value {
      try graph.add(.binary(function), [a, b])[0]
    }
    func matmul(_ a: Value, _ b: Value) throws -> Value {
      try graph.add(.matmul(transposeA: false, transposeB: false), [a, b])[0]
    }
    func columns(_ a: Value, gate: Int) throws -> Value {
      let limits: [Int?] = [nil, (gate + 1) * units]
      return try graph.add(.slice(starts: [0, gate * units], limits: limits, strides: [1, 1]), [a])[0]
    }
    func activate(_ activation: CellActivation, _ a: Value) throws -> Value {
      switch activation {
      case .linear: a
      case .unary(let function): try graph.add(.unary(function), [a])[0]
      case .softmax: try graph.add(.softmax(axis: 1), [a])[0]
      }
    }
    func bias(row: Int) throws -> Value? {
      guard let index = recurrence.biasIndex else { return nil }
      guard recurrence.cell == .gru(resetAfter: true) else { return row == 0 ? operands[index] : nil }
      let part = try graph.add(.slice(starts: [row, 0], limits: [row + 1, nil], strides: [1, 1]), [operands[index]])[0]
      return try graph.add(.reshape([.fixed(width)]), [part])[0]
    }
    func biased(_ a: Value, row: Int) throws -> Value {
      guard let bias = try bias(row: row) else { return a }
      return try binary(.add, a, bias)
    }
    let fromX = try biased(try matmul(x, operands[1]), row: 0)
    func factored(_ h: Value, gate: Int) throws -> Value {
      guard let index = recurrence.stateFactorsIndex else { return h }
      return try binary(.multiply, h, try columns(operands[index], gate: gate))
    }
    var parts: [Value] = []
    for gate in 0..<recurrence.gateCount {
      parts.append(try matmul(try factored(h, gate: gate), try columns(operands[2], gate: gate)))
    }
    let product = parts.count == 1 ? parts[0] : try graph.add(.concatenate(axis: 1), parts)[0]
    let fromState = try biased(product, row: 1)

    switch recurrence.cell {
    case .simple: return [try activate(recurrence.activation, try binary(.add, fromX, fromState))]
    case .lstm:
      let sum = try binary(.add, fromX, fromState)
      let input = try activate(recurrence.recurrentActivation, try columns(sum, gate: 0))
      let forget = try activate(recurrence.recurrentActivation, try columns(sum, gate: 1))
      let candidate = try activate(recurrence.activation, try columns(sum, gate: 2))
      let output = try activate(recurrence.recurrentActivation, try columns(sum, gate: 3))
      let c = try binary(.add, try binary(.multiply, forget, states[1]), try binary(.multiply, input, candidate))
      return [try binary(.multiply, output, try activate(recurrence.activation, c)), c]
    case .gru(let resetAfter):
      func gate(_ index: Int) throws -> Value {
        let sum = try binary(.add, try columns(fromX, gate: index), try columns(fromState, gate: index))
        return try activate(recurrence.recurrentActivation, sum)
      }
      let (update, reset) = (try gate(0), try gate(1))
      let recurrentPart =
        resetAfter
        ? try binary(.multiply, reset, try columns(fromState, gate: 2))
        : try matmul(try factored(try binary(.multiply, reset, h), gate: 2), try columns(operands[2], gate: 2))
      let candidate = try activate(
        recurrence.activation, try binary(.add, try columns(fromX, gate: 2), recurrentPart))
      // z·h + (1 − z)·h' = h' + z·(h − h').
      let difference = try binary(.subtract, h, candidate)
      return [try binary(.add, candidate, try binary(.multiply, update, difference))]
    }
  }
}
