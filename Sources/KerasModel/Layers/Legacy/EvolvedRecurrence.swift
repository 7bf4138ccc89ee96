import KerasCore
import KerasGraph
import OrderedCollections

/// What Keras 0.1 and 0.2's JZS1, JZS2 and JZS3 share: recurrent networks found by evolution.
///
/// h ← z·g + (1 − z)·h (Jozefowicz and others, 2015). A masked step's state counts as zero in the step after it. JZS1
/// and JZS2 take x to the state's size by a random `projection`.
struct EvolvedRecurrence: Sendable {
  enum Kind: Sendable { case jzs1, jzs2, jzs3 }

  let kind: Kind
  private let units: Int
  private let activation: ActivationFunction
  private let recurrentActivation: ActivationFunction
  private let kernel: JSON
  private let recurrentKernel: JSON
  private let returnSequences: Bool

  init(_ config: inout ConfigReader, _ kind: Kind) throws(ModelError) {
    self.kind = kind
    units = try config.positiveInt("units")
    activation = try config.activation("activation")
    recurrentActivation = try config.activation("recurrent_activation")
    kernel = config.json("kernel_initializer")
    recurrentKernel = config.json("recurrent_initializer")
    returnSequences = try config.bool("return_sequences", default: false)
  }

  var config: OrderedDictionary<String, JSON> {
    [
      "units": JSON(units), "activation": activation.json, "recurrent_activation": recurrentActivation.json,
      "kernel_initializer": kernel, "recurrent_initializer": recurrentKernel,
      "return_sequences": .bool(returnSequences),
    ]
  }

  /// The variables' roles in the order Keras stored them.
  private var roles: [String] {
    switch kind {
    case .jzs1: ["W_z", "b_z", "W_r", "U_r", "b_r", "U_h", "b_h", "projection"]
    case .jzs2: ["W_z", "U_z", "b_z", "U_r", "b_r", "W_h", "U_h", "b_h", "projection"]
    case .jzs3: ["W_z", "U_z", "b_z", "W_r", "U_r", "b_r", "W_h", "U_h", "b_h"]
    }
  }

  func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    try input.expectRank(3)
    let features = try input.known(axis: 2)
    return roles.map { role in
      switch role.first {
      case "b": WeightSpec(role, [units])
      case "U": WeightSpec(role, [units, units], initializer: recurrentKernel)
      default: WeightSpec(role, [features, units], initializer: kernel)
      }
    }
  }

  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let input = try call.single()
    let x = try context.cast(input.value, to: .float32)
    // The parts of each step that need no state, side by side.
    var parts: [Value] = []
    for gate in ["z", "r", "h"] {
      var part = try product(x, context.weight(context.hasWeight("W_" + gate) ? "W_" + gate : "projection"), &context)
      if kind == .jzs1, gate == "h" { part = try context.op(.unary(.tanh), part) }
      parts.append(try context.op(.binary(.add), part, context.weight("b_" + gate)))
    }
    let projected = try context.ops(.concatenate(axis: 2), parts)[0]
    let loop = UnrolledRecurrence(goBackwards: false, zeroOutputForMask: false, maskResetsState: true)
    let (sequence, states) = try loop.run(projected, states: [nil], mask: input.mask, &context) {
      x, states, context throws(ModelError) in [try step(x, states[0], &context)]
    }
    if returnSequences { return [LayerTensor(sequence, mask: input.mask)] }
    guard let last = states.first else { throw ModelError(.unsupported("a recurrence without steps")) }
    return [LayerTensor(last)]
  }

  private func step(_ x: Value, _ state: Value?, _ context: inout LoweringContext) throws(ModelError) -> Value {
    func part(_ index: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
      try context.sliced(x, axis: 1, from: index * units, to: (index + 1) * units)
    }
    func fed(
      _ index: Int, _ role: String, _ state: Value?, _ context: inout LoweringContext
    ) throws(ModelError) -> Value {
      let own = try part(index, &context)
      guard let state, context.hasWeight(role) else { return own }
      return try context.op(.binary(.add), own, product(state, context.weight(role), &context))
    }
    var feeding = state
    if kind == .jzs3, let state { feeding = try context.op(.unary(.tanh), state) }
    let update = try recurrentActivation.apply(fed(0, "U_z", feeding, &context), &context)
    let reset = try recurrentActivation.apply(fed(1, "U_r", state, &context), &context)
    var kept: Value?
    if let state { kept = try context.op(.binary(.multiply), reset, state) }
    let candidate = try activation.apply(fed(2, "U_h", kept, &context), &context)
    let fresh = try context.op(.binary(.multiply), candidate, update)
    guard let state else { return fresh }
    let rest = try context.op(.binary(.subtract), context.constant(1), update)
    return try context.op(.binary(.add), fresh, context.op(.binary(.multiply), state, rest))
  }

  private func product(_ a: Value, _ b: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    try context.op(.matmul(transposeA: false, transposeB: false), a, b)
  }
}
