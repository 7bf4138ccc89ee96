import KerasCore
import KerasGraph
import OrderedCollections

/// Dropout of a recurrence's inputs and states: masks drawn once for a batch, mostly the same at every time step.
///
/// Which masks there are depends on the release and on how the layer computed (`implementation`, Keras 1's
/// `consume_less`); measured by recording `train_on_batch` of the releases (Tools/fixtures/recurrent_dropout.py).
struct RecurrentDropout: Sendable, Hashable {
  enum InputMasks: String, Sendable, CaseIterable {
    /// One for all gates.
    case single
    case perGate = "per_gate"
    /// One for all gates, drawn anew for each step: the layers of TensorFlow 2 that share a kernel with cuDNN.
    case eachStep = "each_step"
    /// None at all: Keras 2.0.0 to 2.0.2 with `implementation` 1 or 2.
    case none
  }
  enum StateMasks: String, Sendable, CaseIterable {
    case single
    case perGate = "per_gate"
    /// One for all gates and for the part of a GRU's state that is kept (`implementation=2` of Keras 2.0.9 to tf.keras 1.15).
    case carried
  }

  static let inputKey = "keraskit>input_dropout_masks"
  static let stateKey = "keraskit>state_dropout_masks"

  let rate: Double
  let stateRate: Double
  /// `nil` where the config says nothing: Keras 3's choice.
  private let statedInput: InputMasks?
  private let statedState: StateMasks?
  private let hasGates: Bool

  init(_ config: inout ConfigReader, hasGates: Bool) throws(ModelError) {
    rate = try config.double("dropout", default: 0)
    stateRate = try config.double("recurrent_dropout", default: 0)
    self.hasGates = hasGates
    func masks(_ key: String, _ known: [String]) throws(ModelError) -> String? {
      config.has(key) ? try config.choice(key, known, default: "single") : nil
    }
    statedInput = try masks(Self.inputKey, InputMasks.allCases.map(\.rawValue)).flatMap { InputMasks(rawValue: $0) }
    statedState = try masks(Self.stateKey, StateMasks.allCases.map(\.rawValue)).flatMap { StateMasks(rawValue: $0) }
  }

  /// Keras 3 computes each gate apart (`implementation=1`) only if there is recurrent dropout.
  private var separatesGates: Bool { hasGates && stateRate > 0 }
  var inputMasks: InputMasks { statedInput ?? (separatesGates ? .perGate : .single) }
  var stateMasks: StateMasks { statedState ?? (separatesGates ? .perGate : .single) }

  func write(to fields: inout OrderedDictionary<String, JSON>) {
    fields["dropout"] = .number(rate)
    fields["recurrent_dropout"] = .number(stateRate)
    if let statedInput { fields[Self.inputKey] = .string(statedInput.rawValue) }
    if let statedState { fields[Self.stateKey] = .string(statedState.rawValue) }
  }

  /// A sequence's product with the kernel's gates, each gate's input dropped by a mask of its own; `nil` if one mask does.
  func projected(
    _ x: Value, kernel: Value, gates: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value? {
    guard context.isTraining, rate > 0, inputMasks == .perGate, gates > 1 else { return nil }
    let width = try context.shape(kernel).known(axis: 1) / gates
    let pattern = try context.sliced(x, axis: 1, from: 0, to: 1)
    var parts: [Value] = []
    for gate in 0..<gates {
      let dropped = try context.dropout(x, rate: rate, pattern: pattern)
      let columns = try context.sliced(kernel, axis: 1, from: gate * width, to: (gate + 1) * width)
      parts.append(try context.op(.matmul(transposeA: false, transposeB: false), dropped, columns))
    }
    return try context.ops(.concatenate(axis: 2), parts)[0]
  }

  /// A sequence dropped by one mask for all gates, if the release does so.
  func dropped(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    guard context.isTraining, rate > 0, inputMasks != .none else { return x }
    let pattern = inputMasks == .eachStep ? x : try context.sliced(x, axis: 1, from: 0, to: 1)
    return try context.dropout(x, rate: rate, pattern: pattern)
  }

  /// What states are multiplied by before each gate's product, `(batch, gates · units)`, for a sequence; `nil` without.
  func stateFactors(
    for x: Value, units: Int, gates: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value? {
    guard context.isTraining, stateRate > 0 else { return nil }
    let isPerGate = stateMasks == .perGate
    let step = try context.sliced(context.sliced(x, axis: 1, from: 0, to: 1), axis: 2, from: 0, to: 1)
    let column = try context.op(.reshape([context.dimensions(of: step)[0], .fixed(1)]), step)
    let pattern = try context.op(
      .broadcast([context.dimensions(of: column)[0], .fixed(isPerGate ? gates * units : units)]), column)
    let factors = try context.dropoutFactors(rate: stateRate, pattern: pattern)
    if isPerGate || gates == 1 { return factors }
    return try context.ops(.concatenate(axis: 1), Array(repeating: factors, count: gates))[0]
  }
}
