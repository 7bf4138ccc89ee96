/// A recurrent layer over all time steps.
struct Recurrence: Sendable {
  enum Cell: Sendable, Equatable {
    case simple
    case gru(resetAfter: Bool)
    case lstm
  }

  enum Activation: Sendable {
    case linear, softmax
    case function(Function)

    func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> {
      switch self {
      case .linear: x
      case .softmax: x.softmax(axis: 1)
      case .function(let function): x.mapped(function)
      }
    }
  }

  var cell: Cell
  var units: Int
  var activation: Activation
  var recurrentActivation: Activation
  var goesBackwards: Bool
  /// Output 0 at a masked step, in place of the step's before.
  var zeroesMasked: Bool

  struct Operands {
    /// `(batch, time, in)`.
    var x: Tensor<Float>
    /// `(in, gates·units)`, gates of an LSTM in the order i, f, c, o, of a GRU z, r, h.
    var kernel: Tensor<Float>
    /// `(units, gates·units)`.
    var recurrentKernel: Tensor<Float>
    /// `(gates·units)`, or `(2, gates·units)` for a GRU with `resetAfter`.
    var bias: Tensor<Float>?
    /// Each `(batch, units)`; none are zeros.
    var states: [Tensor<Float>] = []
    /// `(batch, gates·units)`, by which the state is multiplied for each gate.
    var stateFactors: Tensor<Float>?
    /// `(batch, time)`.
    var mask: Tensor<Bool>?
  }

  /// The outputs of all steps, `(batch, time, units)` in the order computed, and the states after the last.
  func callAsFunction(_ operands: Operands) throws(PredictionError) -> [Tensor<Float>] {
    let x = operands.x
    let (batch, time) = (x.shape[0], x.shape[1])
    var projected = try x.product(operands.kernel)
    if let bias = operands.bias { projected = try projected.combined(.add, bias.shape.count == 2 ? bias.row(0) : bias) }
    // Time first: a step's lines lie together.
    let steps = projected.transposed([1, 0, 2])
    let zero = Tensor<Float>([batch, units], [Float](repeating: 0, count: batch * units))
    var states = operands.states
    while states.count < (cell == .lstm ? 2 : 1) { states.append(zero) }
    guard states.allSatisfy({ $0.shape == zero.shape }) else {
      throw .shapes(operation: "recurrence", [x.shape] + states.map(\.shape))
    }
    var previous = zero
    var outputs: [Float] = []
    outputs.reserveCapacity(batch * time * units)
    for step in 0..<time {
      let place = goesBackwards ? time - 1 - step : step
      var next = try self.step(steps.row(place), states, operands)
      var output = next[0]
      if let mask = operands.mask {
        let isOpen = (0..<batch).map { mask.values[$0 * time + place] }
        for index in next.indices { next[index] = next[index].rows(where: isOpen, else: states[index]) }
        output = output.rows(where: isOpen, else: zeroesMasked ? zero : previous)
        previous = output
      }
      states = next
      outputs += output.values
    }
    return [Tensor([time, batch, units], outputs).transposed([1, 0, 2])] + states
  }

  /// The states after one step; the first is the output.
  private func step(
    _ x: Tensor<Float>, _ states: [Tensor<Float>], _ operands: Operands
  ) throws(PredictionError) -> [Tensor<Float>] {
    let h = states[0]
    let bias = operands.bias.flatMap { $0.shape.count == 2 ? $0.row(1) : nil }
    func gate(_ gate: Int, of line: Tensor<Float>) -> Tensor<Float> {
      line.picked([line.shape[0], units], steps: [line.shape[1], 1], start: gate * units)
    }
    /// The state's product with the columns of all gates, or of one that is asked for.
    func product(_ h: Tensor<Float>) throws(PredictionError) -> Tensor<Float> {
      var product: Tensor<Float>
      if let factors = operands.stateFactors {
        var parts: [Tensor<Float>] = []
        for index in 0..<factors.shape[1] / units {
          let scaled = try h.combined(.multiply, gate(index, of: factors))
          parts.append(try scaled.product(gate(index, of: operands.recurrentKernel)))
        }
        product = try Tensor.concatenated(parts, axis: 1)
      } else {
        product = try h.product(operands.recurrentKernel)
      }
      if let bias { product = try product.combined(.add, bias) }
      return product
    }

    switch cell {
    case .simple: return [activation(try x.combined(.add, product(h)))]
    case .lstm:
      let sums = try x.combined(.add, product(h))
      let (input, forget) = (recurrentActivation(gate(0, of: sums)), recurrentActivation(gate(1, of: sums)))
      let (candidate, output) = (activation(gate(2, of: sums)), recurrentActivation(gate(3, of: sums)))
      let c = try forget.combined(.multiply, states[1]).combined(.add, input.combined(.multiply, candidate))
      return [try output.combined(.multiply, activation(c)), c]
    case .gru(let resetAfter):
      let recurrent = try product(h)
      let update = recurrentActivation(try gate(0, of: x).combined(.add, gate(0, of: recurrent)))
      let reset = recurrentActivation(try gate(1, of: x).combined(.add, gate(1, of: recurrent)))
      let fromState =
        resetAfter
        ? try reset.combined(.multiply, gate(2, of: recurrent))
        : gate(2, of: try product(reset.combined(.multiply, h)))
      let candidate = activation(try gate(2, of: x).combined(.add, fromState))
      let kept = try update.combined(.multiply, h)
      return [try kept.combined(.add, update.mapped { 1 - $0 }.combined(.multiply, candidate))]
    }
  }
}

extension Tensor<Float> {
  /// An entry of the first axis.
  fileprivate func row(_ index: Int) -> Tensor {
    let rest = Array(shape.dropFirst())
    return Tensor(rest, Array(values[index * rest.elementCount..<(index + 1) * rest.elementCount]))
  }

  /// This matrix' rows where that is asked for, else those of another one.
  fileprivate func rows(where isOwn: [Bool], else other: Tensor) -> Tensor {
    let width = shape[1]
    return Tensor(shape, values.indices.map { isOwn[$0 / width] ? values[$0] : other.values[$0] })
  }
}
