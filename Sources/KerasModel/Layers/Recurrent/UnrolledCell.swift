import KerasCore
import KerasGraph

/// The formulas of SimpleRNN's, GRU's and LSTM's cell in ordinary ops, for any activation.
///
/// Gate order: LSTM i, f, c, o; GRU z, r, h.
struct UnrolledCell {
  let kind: RecurrentFields.Kind
  let units: Int
  let resetAfter: Bool
  let activation: ActivationFunction
  let recurrentActivation: ActivationFunction
  let kernel: Value
  let recurrentKernel: Value
  let bias: Value?
  /// What states are multiplied by before each gate's product, `(batch, gates · units)`.
  var stateFactors: Value?
  /// Whether the part of a GRU's state that is kept is multiplied too.
  var carriesFactors = false

  /// x·W + b of all steps, `(batch, time, gates · units)`.
  func projected(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let y = try context.op(.matmul(transposeA: false, transposeB: false), x, kernel)
    guard var bias else { return y }
    if resetAfter { bias = try row(0, of: bias, &context) }
    return try context.op(.binary(.add), y, bias)
  }

  /// The states after a step, from its projected input; the first is the output.
  func step(_ x: Value, _ states: [Value?], _ context: inout LoweringContext) throws(ModelError) -> [Value] {
    switch kind {
    case .simple:
      let sum = try fed(x, states[0], &context)
      return [try activation.apply(sum, &context)]
    case .lstm: return try longShortTermMemory(x, states, &context)
    case .gru: return [try gatedUnit(x, states[0], &context)]
    }
  }

  private func longShortTermMemory(
    _ x: Value, _ states: [Value?], _ context: inout LoweringContext
  ) throws(ModelError) -> [Value] {
    let sum = try fed(x, states[0], &context)
    let input = try recurrentActivation.apply(gate(0, of: sum, &context), &context)
    let forget = try recurrentActivation.apply(gate(1, of: sum, &context), &context)
    let candidate = try activation.apply(gate(2, of: sum, &context), &context)
    let output = try recurrentActivation.apply(gate(3, of: sum, &context), &context)
    var carry = try context.op(.binary(.multiply), input, candidate)
    if let previous = states[1] {
      carry = try context.op(.binary(.add), context.op(.binary(.multiply), forget, previous), carry)
    }
    let hidden = try context.op(.binary(.multiply), output, activation.apply(carry, &context))
    return [hidden, carry]
  }

  private func gatedUnit(_ x: Value, _ state: Value?, _ context: inout LoweringContext) throws(ModelError) -> Value {
    var state = state
    if carriesFactors, let stateFactors, let given = state {
      state = try context.op(.binary(.multiply), given, gate(0, of: stateFactors, &context))
    }
    var inner = state
    var projection = try state.map { state throws(ModelError) in try recurrentProduct(state, &context) }
    if resetAfter, let bias {
      let recurrentBias = try row(1, of: bias, &context)
      projection = try plus(recurrentBias, projection, &context)
    }
    func recurrent(_ index: Int, _ context: inout LoweringContext) throws(ModelError) -> Value? {
      guard let projection else { return nil }
      return try gate(index, of: projection, &context)
    }
    let update = try recurrentActivation.apply(
      plus(gate(0, of: x, &context), recurrent(0, &context), &context), &context)
    let reset = try recurrentActivation.apply(
      plus(gate(1, of: x, &context), recurrent(1, &context), &context), &context)
    if resetAfter {
      inner = try recurrent(2, &context)
      if let value = inner { inner = try context.op(.binary(.multiply), reset, value) }
    } else if let state {
      let own = try gate(2, of: recurrentKernel, &context)
      let seen = try factored(context.op(.binary(.multiply), reset, state), gate: 2, &context)
      inner = try product(seen, own, &context)
    }
    let candidate = try activation.apply(plus(gate(2, of: x, &context), inner, &context), &context)
    let fresh = try context.op(
      .binary(.multiply), context.op(.binary(.subtract), context.constant(1), update), candidate)
    guard let state else { return fresh }
    return try context.op(.binary(.add), context.op(.binary(.multiply), update, state), fresh)
  }

  /// x + h·U.
  private func fed(_ x: Value, _ state: Value?, _ context: inout LoweringContext) throws(ModelError) -> Value {
    guard let state else { return x }
    return try plus(x, recurrentProduct(state, &context), &context)
  }

  /// h·U, each gate's part with its own factors on h.
  private func recurrentProduct(_ state: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    guard stateFactors != nil, !carriesFactors else { return try product(state, recurrentKernel, &context) }
    var parts: [Value] = []
    for index in 0..<(kind == .lstm ? 4 : kind == .gru ? 3 : 1) {
      let own = try gate(index, of: recurrentKernel, &context)
      parts.append(try product(factored(state, gate: index, &context), own, &context))
    }
    return parts.count == 1 ? parts[0] : try context.ops(.concatenate(axis: 1), parts)[0]
  }

  private func factored(_ state: Value, gate index: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
    guard let stateFactors, !carriesFactors else { return state }
    return try context.op(.binary(.multiply), state, gate(index, of: stateFactors, &context))
  }

  private func gate(_ index: Int, of x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    try context.sliced(x, axis: context.shape(x).rank - 1, from: index * units, to: (index + 1) * units)
  }

  private func row(_ index: Int, of bias: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let slice = try context.sliced(bias, axis: 0, from: index, to: index + 1)
    return try context.op(.reshape([.inferred]), slice)
  }

  private func product(_ a: Value, _ b: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    try context.op(.matmul(transposeA: false, transposeB: false), a, b)
  }

  private func plus(_ a: Value, _ b: Value?, _ context: inout LoweringContext) throws(ModelError) -> Value {
    guard let b else { return a }
    return try context.op(.binary(.add), a, b)
  }
}
