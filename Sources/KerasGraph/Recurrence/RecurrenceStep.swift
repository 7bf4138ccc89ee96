import KerasCore

/// What one step needs; batch first.
public struct RecurrenceStep: Sendable {
  /// This step's row of `addInputProjection`: `(batch, gates·units)`.
  public var projected: Value
  /// h, and c for an LSTM: each `(batch, units)`.
  public var states: [Value]
  /// The last output, `(batch, units)`, which a masked step repeats; needed with a mask only.
  public var previousOutput: Value?
  /// `(batch)` or `(batch, 1)` bool: whether the step counts.
  public var mask: Value?
  /// `(units, gates·units)`.
  public var recurrentKernel: Value
  /// From `addRecurrentBias`.
  public var recurrentBias: Value?
  /// `(batch, gates·units)`: recurrent dropout.
  public var stateFactors: Value?

  public init(
    projected: Value, states: [Value], previousOutput: Value? = nil, mask: Value? = nil, recurrentKernel: Value,
    recurrentBias: Value? = nil, stateFactors: Value? = nil
  ) {
    self.projected = projected
    self.states = states
    self.previousOutput = previousOutput
    self.mask = mask
    self.recurrentKernel = recurrentKernel
    self.recurrentBias = recurrentBias
    self.stateFactors = stateFactors
  }
}

/// A recurrence taken apart into other ops, for formats that have no recurrence of their own which computes the same.
///
/// `addInputProjection` once for all steps, then `addStep` for each of them: in a loop's body, or one after the other.
extension Graph {
  /// The input's share of the gates at all steps: `(batch, time, gates·units)`, the input's bias added.
  ///
  /// `operands` are those of `Op.recurrence`.
  public mutating func addInputProjection(
    _ recurrence: Recurrence, _ operands: [Value]
  ) throws(GraphError) -> Value {
    let product = try add(.matmul(transposeA: false, transposeB: false), [operands[0], operands[1]])[0]
    guard let bias = try addBias(recurrence, operands, row: 0) else { return product }
    return try add(.binary(.add), [product, bias])[0]
  }

  /// The bias of the state's product, `(gates·units)`; only a GRU with `resetAfter` has one.
  public mutating func addRecurrentBias(_ recurrence: Recurrence, _ operands: [Value]) throws(GraphError) -> Value? {
    recurrence.cell == .gru(resetAfter: true) ? try addBias(recurrence, operands, row: 1) : nil
  }

  private mutating func addBias(
    _ recurrence: Recurrence, _ operands: [Value], row: Int
  ) throws(GraphError) -> Value? {
    guard let index = recurrence.biasIndex else { return nil }
    guard recurrence.cell == .gru(resetAfter: true) else { return operands[index] }
    let width = recurrence.gateCount * recurrence.units
    let slice = try add(.slice(starts: [row, 0], limits: [row + 1, width], strides: [1, 1]), [operands[index]])[0]
    return try add(.reshape([.fixed(width)]), [slice])[0]
  }

  /// Adds one time step: the results are what the sequence has at this step, and the states after it.
  ///
  /// `output` is also the next step's `previousOutput` unless `zeroOutputForMask`, with which none is needed.
  public mutating func addStep(
    _ recurrence: Recurrence, _ step: RecurrenceStep
  ) throws(GraphError) -> (output: Value, states: [Value]) {
    let states = try addCell(recurrence, step)
    guard var mask = step.mask else { return (states[0], states) }
    if shape(mask).rank == 1 { mask = try add(.reshape([.ofOperand(0, axis: 0), .fixed(1)]), [mask])[0] }
    var kept: [Value] = []
    for (new, old) in zip(states, step.states) { kept.append(try add(.select, [mask, new, old])[0]) }
    let masked: Value
    if !recurrence.zeroOutputForMask, let previous = step.previousOutput {
      masked = previous
    } else {
      masked = addConstant(try scalar(0))
    }
    return (try add(.select, [mask, states[0], masked])[0], kept)
  }

  private func scalar(_ value: Double) throws(GraphError) -> TensorData {
    do {
      return try TensorData(shape: [], doubles: [value]).converted(to: .float32)
    } catch {
      throw GraphError(.unsupported(op: "constant", reason: "\(error)"), scope: scope)
    }
  }

  // MARK: Cells

  private mutating func addCell(_ recurrence: Recurrence, _ step: RecurrenceStep) throws(GraphError) -> [Value] {
    let h = step.states[0]
    switch recurrence.cell {
    case .simple:
      let sum = try add(.binary(.add), [step.projected, try fromState(recurrence, step, h, gates: 0..<1)])[0]
      return [try addActivation(recurrence.activation, sum)]
    case .lstm:
      let sum = try add(.binary(.add), [step.projected, try fromState(recurrence, step, h, gates: 0..<4)])[0]
      let input = try addActivation(recurrence.recurrentActivation, try gate(recurrence, sum, 0))
      let forget = try addActivation(recurrence.recurrentActivation, try gate(recurrence, sum, 1))
      let candidate = try addActivation(recurrence.activation, try gate(recurrence, sum, 2))
      let output = try addActivation(recurrence.recurrentActivation, try gate(recurrence, sum, 3))
      let kept = try add(.binary(.multiply), [forget, step.states[1]])[0]
      let new = try add(.binary(.multiply), [input, candidate])[0]
      let c = try add(.binary(.add), [kept, new])[0]
      return [try add(.binary(.multiply), [output, try addActivation(recurrence.activation, c)])[0], c]
    case .gru(let resetAfter):
      let gates = resetAfter ? 0..<3 : 0..<2
      let product = try fromState(recurrence, step, h, gates: gates)
      func sum(_ graph: inout Graph, _ index: Int) throws(GraphError) -> Value {
        let x = try graph.gate(recurrence, step.projected, index)
        return try graph.add(.binary(.add), [x, try graph.gate(recurrence, product, index)])[0]
      }
      let update = try addActivation(recurrence.recurrentActivation, try sum(&self, 0))
      let reset = try addActivation(recurrence.recurrentActivation, try sum(&self, 1))
      let recurrent: Value
      if resetAfter {
        recurrent = try add(.binary(.multiply), [reset, try gate(recurrence, product, 2)])[0]
      } else {
        let resetState = try add(.binary(.multiply), [reset, h])[0]
        recurrent = try fromState(recurrence, step, resetState, gates: 2..<3)
      }
      let x = try gate(recurrence, step.projected, 2)
      let candidate = try addActivation(recurrence.activation, try add(.binary(.add), [x, recurrent])[0])
      // z·h + (1 − z)·h̃ = h̃ + z·(h − h̃)
      let difference = try add(.binary(.subtract), [h, candidate])[0]
      let kept = try add(.binary(.multiply), [update, difference])[0]
      return [try add(.binary(.add), [candidate, kept])[0]]
    }
  }

  /// The state's share of some neighbouring gates: `(batch, gates.count·units)`.
  private mutating func fromState(
    _ recurrence: Recurrence, _ step: RecurrenceStep, _ h: Value, gates: Range<Int>
  ) throws(GraphError) -> Value {
    let units = recurrence.units
    func columns(_ graph: inout Graph, _ value: Value, _ range: Range<Int>) throws(GraphError) -> Value {
      if range.count == recurrence.gateCount { return value }
      let rank = graph.shape(value).rank
      var starts = Array(repeating: 0, count: rank)
      var limits: [Int?] = Array(repeating: nil, count: rank)
      (starts[rank - 1], limits[rank - 1]) = (range.lowerBound * units, range.upperBound * units)
      let op = Op.slice(starts: starts, limits: limits, strides: Array(repeating: 1, count: rank))
      return try graph.add(op, [value])[0]
    }
    let product: Value
    if let factors = step.stateFactors {
      var products: [Value] = []
      for index in gates {
        let factor = try columns(&self, factors, index..<index + 1)
        let kernel = try columns(&self, step.recurrentKernel, index..<index + 1)
        let state = try add(.binary(.multiply), [h, factor])[0]
        products.append(try add(.matmul(transposeA: false, transposeB: false), [state, kernel])[0])
      }
      product = products.count == 1 ? products[0] : try add(.concatenate(axis: 1), products)[0]
    } else {
      let kernel = try columns(&self, step.recurrentKernel, gates)
      product = try add(.matmul(transposeA: false, transposeB: false), [h, kernel])[0]
    }
    guard let bias = step.recurrentBias else { return product }
    return try add(.binary(.add), [product, try columns(&self, bias, gates)])[0]
  }

  /// One gate's columns of `(batch, n·units)`.
  private mutating func gate(_ recurrence: Recurrence, _ value: Value, _ index: Int) throws(GraphError) -> Value {
    let units = recurrence.units
    let op = Op.slice(starts: [0, index * units], limits: [nil, (index + 1) * units], strides: [1, 1])
    return try add(op, [value])[0]
  }

  private mutating func addActivation(_ activation: CellActivation, _ value: Value) throws(GraphError) -> Value {
    switch activation {
    case .linear: value
    case .unary(let function): try add(.unary(function), [value])[0]
    case .softmax: try add(.softmax(axis: 1), [value])[0]
    }
  }
}
