import KerasCore
import KerasGraph
import OrderedCollections

/// What LSTM, GRU and SimpleRNN share: fields, weights below `cell`, states, masks and dropout.
struct RecurrentFields: Sendable {
  enum Kind: Sendable, Hashable { case simple, gru, lstm }

  let kind: Kind
  let units: Int
  let activation: ActivationFunction
  let recurrentActivation: ActivationFunction?
  let useBias: Bool
  let kernel: VariableOptions
  let recurrent: VariableOptions
  let bias: VariableOptions
  let activityRegularizer: Regularizer?
  let dropout: RecurrentDropout
  var returnSequences: Bool
  let returnState: Bool
  var goBackwards: Bool
  let stateful: Bool
  let unroll: Bool
  /// `nil` if the config does not say: false, and true inside a Bidirectional (Keras 3).
  var zeroOutputForMask: Bool?
  let resetAfter: Bool
  let unitForgetBias: Bool
  let maskResetsState: Bool
  let isTimeMajor: Bool
  /// The candidate's input is the reset gate's with both biases (Keras 2.0.0 and 2.0.1, `implementation=1`).
  let takesResetInput: Bool
  let seed: JSON
  /// The object that owns the variables; empty for a cell by itself.
  var holder = "cell"

  init(_ config: inout ConfigReader, _ kind: Kind) throws(ModelError) {
    self.kind = kind
    units = try config.positiveInt("units")
    activation =
      config.has("activation")
      ? try config.activation("activation") : try ActivationFunction("tanh", field: "activation")
    recurrentActivation = kind == .simple ? nil : try config.activation("recurrent_activation")
    useBias = try config.bool("use_bias", default: true)
    kernel = try VariableOptions("kernel", &config)
    recurrent = try VariableOptions("recurrent", &config)
    bias = try VariableOptions("bias", &config)
    activityRegularizer = try config.regularizer("activity_regularizer")
    dropout = try RecurrentDropout(&config, hasGates: kind != .simple)
    returnSequences = try config.bool("return_sequences", default: false)
    returnState = try config.bool("return_state", default: false)
    goBackwards = try config.bool("go_backwards", default: false)
    stateful = try config.bool("stateful", default: false)
    unroll = try config.bool("unroll", default: false)
    zeroOutputForMask = config.json("zero_output_for_mask").boolValue
    resetAfter = kind == .gru ? try config.bool("reset_after", default: true) : false
    unitForgetBias = kind == .lstm ? try config.bool("unit_forget_bias", default: true) : false
    maskResetsState = try config.bool("keraskit>mask_resets_state", default: false)
    isTimeMajor = try config.bool("keraskit>time_major", default: false)
    takesResetInput = kind == .gru ? try config.bool(Self.resetInputKey, default: false) : false
    seed = config.json("seed")
    config.ignore("implementation", "use_cudnn")
  }

  /// A cell's fields: those of its layer without what concerns sequences, its variables its own.
  init(cell config: inout ConfigReader, _ kind: Kind) throws(ModelError) {
    try self.init(&config, kind)
    holder = ""
  }

  var cellConfig: OrderedDictionary<String, JSON> {
    let ofLayer = [
      "return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask",
      "activity_regularizer",
    ]
    return config.filter { !ofLayer.contains($0.key) }
  }

  var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "return_sequences": .bool(returnSequences), "return_state": .bool(returnState),
      "go_backwards": .bool(goBackwards), "stateful": .bool(stateful), "unroll": .bool(unroll),
    ]
    if let zeroOutputForMask { fields["zero_output_for_mask"] = .bool(zeroOutputForMask) }
    fields["units"] = JSON(units)
    fields["activation"] = activation.json
    if let recurrentActivation { fields["recurrent_activation"] = recurrentActivation.json }
    fields["use_bias"] = .bool(useBias)
    kernel.write(to: &fields)
    recurrent.write(to: &fields)
    bias.write(to: &fields)
    if kind == .lstm { fields["unit_forget_bias"] = .bool(unitForgetBias) }
    if kind == .gru { fields["reset_after"] = .bool(resetAfter) }
    fields["activity_regularizer"] = activityRegularizer.json
    dropout.write(to: &fields)
    fields["seed"] = seed
    if isTimeMajor { fields["keraskit>time_major"] = true }
    if maskResetsState { fields["keraskit>mask_resets_state"] = true }
    if takesResetInput { fields[Self.resetInputKey] = true }
    return fields
  }

  private var cell: Recurrence.Cell {
    switch kind {
    case .simple: .simple
    case .gru: .gru(resetAfter: resetAfter)
    case .lstm: .lstm
    }
  }

  private var gateCount: Int {
    switch kind {
    case .simple: 1
    case .gru: 3
    case .lstm: 4
    }
  }

  var stateCount: Int { kind == .lstm ? 2 : 1 }

  /// The first input is the sequence; further ones are initial states.
  func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    guard let input = inputs.first else { throw ModelError(.inputCount(expected: "a sequence", found: 0)) }
    try input.expectRank(3)
    let width = gateCount * units
    var specs = [
      kernel.spec("kernel", [try input.known(axis: -1), width], holder: holder),
      recurrent.spec("recurrent_kernel", [units, width], holder: holder),
    ]
    if useBias { specs.append(bias.spec("bias", resetAfter ? [2, width] : [width], holder: holder)) }
    return specs
  }

  /// The sequence or last output, then the final states if asked for.
  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard let input = call.inputs.first else { throw ModelError(.inputCount(expected: "a sequence", found: 0)) }
    try context.shape(input.value).expectRank(3)
    var states = Array(call.inputs.dropFirst()) + (call.keywordTensors["initial_state"] ?? [])
    guard states.isEmpty || states.count == stateCount else {
      throw ModelError(.inputCount(expected: "\(stateCount) initial states", found: states.count))
    }
    var x = try context.cast(input.value, to: .float32)
    var mask = input.mask
    if isTimeMajor {
      x = try context.op(.transpose([1, 0, 2]), x)
      if let given = mask { mask = try context.op(.transpose([1, 0]), given) }
    }
    if states.isEmpty, stateful { states = try storedStates(x, &context) }
    let results = try results(x, states: states.map(\.value), mask: mask, &context)

    if stateful {
      for index in 0..<stateCount {
        context.stateUpdates.append(
          VariableUpdate(parameter: context.parameterName("state_\(index)"), value: results[1 + index]))
      }
    }
    var sequence = results[0]
    if returnSequences, isTimeMajor { sequence = try context.op(.transpose([1, 0, 2]), sequence) }
    let output = returnSequences ? LayerTensor(sequence, mask: input.mask) : LayerTensor(results[1])
    return [output] + (returnState ? results.dropFirst().map { LayerTensor($0) } : [])
  }

  /// The outputs in the order computed and the final states.
  ///
  /// Activations that are several ops are unrolled, which needs a known number of time steps.
  func results(
    _ x: Value, states: [Value], mask: Value?, _ context: inout LoweringContext
  ) throws(ModelError) -> [Value] {
    if unroll, goBackwards, let mask, zeroOutputForMask == true { return try mirrored(x, states, mask, &context) }
    var x = x
    var kernel = try context.weight(key("kernel"))
    if takesResetInput { kernel = try withResetInput(kernel, axis: 1, adds: false, &context) }
    let factors = try dropout.stateFactors(for: x, units: units, gates: gateCount, &context)
    if let projected = try dropout.projected(x, kernel: kernel, gates: gateCount, &context) {
      // The gates' products are made; each then goes to its own columns.
      x = projected
      kernel = context.constant(try Self.identity(gateCount * units))
    } else {
      x = try dropout.dropped(x, &context)
    }
    let recurrentKernel = try context.weight(key("recurrent_kernel"))
    var bias = useBias ? try context.weight(key("bias")) : nil
    if takesResetInput, let own = bias { bias = try withResetInput(own, axis: 0, adds: true, &context) }
    let resets = maskResetsState && mask != nil
    let carries = kind == .gru && factors != nil && dropout.stateMasks == .carried
    guard !resets, !carries, let inner = activation.inCell(), let gates = (recurrentActivation ?? .linear).inCell()
    else {
      let cell = UnrolledCell(
        kind: kind, units: units, resetAfter: resetAfter, activation: activation,
        recurrentActivation: recurrentActivation ?? .linear, kernel: kernel, recurrentKernel: recurrentKernel,
        bias: bias, stateFactors: factors, carriesFactors: carries)
      let loop = UnrolledRecurrence(
        goBackwards: goBackwards, zeroOutputForMask: zeroOutputForMask ?? false, maskResetsState: resets)
      let initial = states.isEmpty ? Array(repeating: Value?.none, count: stateCount) : states.map { $0 }
      let (sequence, final) = try loop.run(
        cell.projected(x, &context), states: initial, mask: mask, &context, step: cell.step)
      return [sequence] + final
    }
    var recurrence = Recurrence(
      cell: cell, units: units, activation: inner, recurrentActivation: gates, hasBias: useBias,
      hasInitialState: !states.isEmpty, hasMask: mask != nil, goBackwards: goBackwards,
      zeroOutputForMask: zeroOutputForMask ?? false)
    recurrence.hasStateFactors = factors != nil
    let operands =
      [x, kernel, recurrentKernel] + [bias].compactMap { $0 } + states + [factors, mask].compactMap { $0 }
    return try context.ops(.recurrence(recurrence), operands)
  }

  static let resetInputKey = "keraskit>candidate_input_of_reset"

  /// A GRU's variable whose last third is the second, or the sum of both.
  private func withResetInput(
    _ variable: Value, axis: Int, adds: Bool, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    func gates(_ range: Range<Int>) throws(ModelError) -> Value {
      let lead = Array(repeating: 0, count: axis)
      return try context.op(
        .slice(
          starts: lead + [range.lowerBound * units], limits: lead.map { _ in nil } + [range.upperBound * units],
          strides: lead.map { _ in 1 } + [1]), variable)
    }
    let reset = try gates(1..<2)
    let candidate = adds ? try context.op(.binary(.add), reset, gates(2..<3)) : reset
    return try context.op(.concatenate(axis: axis), gates(0..<2), candidate)
  }

  private static func identity(_ size: Int) throws(ModelError) -> TensorData {
    var values = [Float](repeating: 0, count: size * size)
    for index in 0..<size { values[index * (size + 1)] = 1 }
    do {
      return try TensorData(shape: [size, size], floats: values)
    } catch { throw ModelError(.unsupported("dropout of a recurrence of this size")) }
  }

  /// TensorFlow 1.15 to Keras 3 unrolled zero a reversed sequence where the mask in its own order says.
  private func mirrored(
    _ x: Value, _ states: [Value], _ mask: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> [Value] {
    var plain = self
    plain.zeroOutputForMask = false
    var results = try plain.results(x, states: states, mask: mask, &context)
    let isKept = try context.expanded(mask, axis: 2)
    results[0] = try context.op(.select, isKept, results[0], context.constant(0))
    return results
  }

  private func key(_ role: String) -> String { holder.isEmpty ? role : holder + "/" + role }

  private func storedStates(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard let batch = context.shape(x)[0] else {
      throw ModelError(.inputShape(expected: "a fixed batch size for a stateful layer", found: context.shape(x)))
    }
    return (0..<stateCount).map { LayerTensor(context.stateParameter("state_\($0)", shape: [batch, units])) }
  }
}
