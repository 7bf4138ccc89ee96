import KerasCore
import KerasGraph

extension ConvLSTMFields {
  private var rank: Int { kernelSize.count }

  /// The sequence or last output, then the final states h and c if asked for.
  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard let input = call.inputs.first else { throw ModelError(.inputCount(expected: "a sequence", found: 0)) }
    try context.shape(input.value).expectRank(rank + 3)
    let given = call.inputs.dropFirst() + (call.keywordTensors["initial_state"] ?? [])
    guard given.isEmpty || given.count == 2 else {
      throw ModelError(.inputCount(expected: "2 initial states", found: given.count))
    }
    var x = try context.cast(input.value, to: .float32)
    if dataFormat == .channelsFirst {
      x = try context.op(.transpose([0, 1] + Array(3..<rank + 3) + [2]), x)
    }
    let steps = try projected(x, &context)
    let factors = try stateFactors(steps, &context)
    var states: [Value?] = [nil, nil]
    for (index, state) in given.enumerated() { states[index] = try dataFormat.toChannelsLast(state.value, &context) }
    if given.isEmpty, stateful { states = try storedStates(steps, &context) }

    let recurrentKernel = try context.weight("cell/recurrent_kernel")
    let loop = UnrolledRecurrence(goBackwards: goBackwards, zeroOutputForMask: zeroOutputForMask ?? false)
    let (sequence, final) = try loop.run(steps, states: states, mask: input.mask, &context) {
      x, states, context throws(ModelError) in
      try step(x, states, recurrentKernel, factors, &context)
    }
    if stateful {
      for (index, state) in final.enumerated() {
        context.stateUpdates.append(
          VariableUpdate(parameter: context.parameterName("state_\(index)"), value: state))
      }
    }
    var outputs: [LayerTensor] = []
    if returnSequences {
      let moved =
        dataFormat == .channelsFirst
        ? try context.op(.transpose([0, 1, rank + 2] + Array(2..<rank + 2)), sequence) : sequence
      outputs.append(LayerTensor(moved, mask: input.mask))
    } else {
      outputs.append(LayerTensor(try dataFormat.fromChannelsLast(final[0], &context)))
    }
    if returnState {
      for state in final { outputs.append(LayerTensor(try dataFormat.fromChannelsLast(state, &context))) }
    }
    return outputs
  }

  /// The inputs' convolution for all steps at once, `(batch, time, spatial…, 4 · filters)`.
  ///
  /// Dropout has a mask for each gate, the same at all steps, in every release.
  private func projected(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let kernel = try context.weight("cell/kernel")
    var y: Value
    if context.isTraining, dropout > 0 {
      let pattern = try context.sliced(x, axis: 1, from: 0, to: 1)
      var gates: [Value] = []
      for gate in 0..<4 {
        let dropped = try context.dropout(x, rate: dropout, pattern: pattern)
        gates.append(try convolved(dropped, columns(gate, of: kernel, &context), &context))
      }
      y = try context.ops(.concatenate(axis: rank + 2), gates)[0]
    } else {
      y = try convolved(x, kernel, &context)
    }
    return useBias ? try context.op(.binary(.add), y, context.weight("cell/bias")) : y
  }

  /// What the state is multiplied by for each gate in training with recurrent dropout; none otherwise.
  private func stateFactors(_ steps: Value, _ context: inout LoweringContext) throws(ModelError) -> [Value] {
    guard context.isTraining, recurrentDropout > 0 else { return [] }
    let pattern = try context.sliced(context.step(steps, 0), axis: rank + 1, from: 0, to: filters)
    var factors: [Value] = []
    for _ in 0..<4 { factors.append(try context.dropoutFactors(rate: recurrentDropout, pattern: pattern)) }
    return factors
  }

  private func columns(
    _ gate: Int, of kernel: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    try context.sliced(kernel, axis: rank + 1, from: gate * filters, to: (gate + 1) * filters)
  }

  private func convolved(
    _ x: Value, _ kernel: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let dimensions = context.dimensions(of: x)
    let flat = try context.op(.reshape([.inferred] + dimensions[2...]), x)
    let convolution = Convolution(
      strides: strides, padding: try padding.ofConvolution(kernel: kernelSize, dilations: dilations),
      dilations: dilations)
    let y = try context.op(.convolution(convolution), flat, kernel)
    let leading = Array(context.dimensions(of: x, operand: 1).prefix(2))
    return try context.op(.reshape(leading + Array(context.dimensions(of: y).dropFirst())), y, x)
  }

  private func step(
    _ x: Value, _ states: [Value?], _ recurrentKernel: Value, _ factors: [Value], _ context: inout LoweringContext
  ) throws(ModelError) -> [Value] {
    var sum = x
    if let hidden = states[0] {
      let ones = kernelSize.map { _ in 1 }
      let convolution = Convolution(
        strides: ones, padding: try recurrentPadding.ofConvolution(kernel: kernelSize, dilations: ones),
        dilations: ones)
      var product = try factors.isEmpty ? context.op(.convolution(convolution), hidden, recurrentKernel) : hidden
      if !factors.isEmpty {
        var gates: [Value] = []
        for (gate, factor) in factors.enumerated() {
          let dropped = try context.op(.binary(.multiply), hidden, factor)
          gates.append(
            try context.op(.convolution(convolution), dropped, columns(gate, of: recurrentKernel, &context)))
        }
        product = try context.ops(.concatenate(axis: rank + 1), gates)[0]
      }
      sum = try context.op(.binary(.add), x, product)
    }
    func gate(_ index: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
      try context.sliced(sum, axis: rank + 1, from: index * filters, to: (index + 1) * filters)
    }
    let input = try recurrentActivation.apply(gate(0, &context), &context)
    let forget = try recurrentActivation.apply(gate(1, &context), &context)
    let candidate = try activation.apply(gate(2, &context), &context)
    let output = try recurrentActivation.apply(gate(3, &context), &context)
    var carry = try context.op(.binary(.multiply), input, candidate)
    if let previous = states[1] {
      carry = try context.op(.binary(.add), context.op(.binary(.multiply), forget, previous), carry)
    }
    return [try context.op(.binary(.multiply), output, activation.apply(carry, &context)), carry]
  }

  private func storedStates(_ steps: Value, _ context: inout LoweringContext) throws(ModelError) -> [Value?] {
    let sizes = try context.shape(steps).knownSizes()
    let shape = [sizes[0]] + sizes[2..<sizes.count - 1] + [filters]
    return (0..<2).map { context.stateParameter("state_\($0)", shape: shape) }
  }
}
