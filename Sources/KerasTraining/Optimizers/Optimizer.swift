import KerasCore
import KerasEngine
import KerasModel

/// An optimizer with its state: applies gradients to a store's variables, with clipping, decay and constraints.
///
/// Not safe to use from several threads at once.
public final class Optimizer {
  /// A variable that is trained.
  struct Variable {
    var name: String
    var shape: [Int]
    var constraint: ConstraintProjection?
  }

  /// The Keras class name.
  public let className: String
  public var learningRate: LearningRate
  /// Updates made so far, as Keras' `iterations`.
  public private(set) var iterations: Int

  private var rule: any UpdateRule
  private let clipping: GradientClipping
  private let weightDecay: Double?
  private let readsIterationsLate: Bool
  private var slots: [String: SlotMemory] = [:]

  /// Reads a canonical optimizer config under a release's formulas.
  ///
  /// Throws `TrainingError.unknownOptimizer` or `unsupported`.
  public init(
    _ json: JSON, semantics: TrainingSemantics, learningRate override: LearningRate? = nil, iterations: Int = 0
  ) throws(TrainingError) {
    let config = try OptimizerConfig(json)
    let type = try OptimizerRegistry.type(named: config.className)
    className = type.className
    rule = try type.init(config, semantics)
    clipping = GradientClipping(config, semantics)
    let isDecoupled = type.className == AdamW.className
    weightDecay = config.optionalDouble("weight_decay") ?? (isDecoupled ? 0.004 : nil)
    self.iterations = iterations
    readsIterationsLate = semantics.readsIterationsLate
    let stated = config.fields["learning_rate"] ?? config.fields["lr"] ?? .null
    let rate =
      if let override { override } else {
        try LearningRate(stated, default: type.defaultLearningRate)
      }
    let decay = config.double("decay", default: 0)
    if semantics.honorsDecay, decay > 0, case .constant(let rate) = rate {
      self.learningRate = .timeDecay(rate: rate, decay: decay, steps: 1, isStaircase: false)
    } else {
      self.learningRate = rate
    }
    guard !config.bool("use_ema") else {
      throw .unsupported(field: "optimizer", reason: "use_ema (averaged weights)")
    }
  }

  /// The arrays kept for each variable, in Keras' order.
  public var slotsPerVariable: [OptimizerSlot] { rule.slots }

  /// The state of every variable updated so far: `<variable>/<slot>`, each in the variable's shape.
  public func state(shapes: [String: [Int]]) throws(TensorDataError) -> [String: TensorData] {
    var result: [String: TensorData] = [:]
    for (name, memory) in slots {
      guard let shape = shapes[name] else { continue }
      for (slot, pointer) in zip(rule.slots, memory.pointers) {
        let floats = Array(UnsafeBufferPointer(start: pointer, count: memory.count))
        result[name + "/" + slot.name] = try TensorData(shape: shape, floats: floats)
      }
    }
    return result
  }

  /// The state as files hold it: the step count, and the slots of every variable updated so far.
  func snapshot(shapes: [String: [Int]]) throws(TensorDataError) -> OptimizerState {
    let arrays = try state(shapes: shapes)
    var result = OptimizerState(className: className, iterations: iterations, names: rule.slots, slots: [:])
    for slot in rule.slots {
      for name in slots.keys { result.slots[slot.name, default: [:]][name] = arrays[name + "/" + slot.name] }
    }
    return result
  }

  /// Takes over a saved state: the step count, and the slots of every variable that has all of them.
  ///
  /// Throws `TrainingError.data` for arrays that cannot be read as numbers.
  func restore(_ state: OptimizerState, trained names: some Sequence<String>) throws(TrainingError) {
    iterations = state.iterations
    for name in names {
      let arrays = rule.slots.compactMap { state.slots[$0.name]?[name] }
      guard let count = arrays.first?.elementCount, arrays.count == rule.slots.count,
        arrays.allSatisfy({ $0.elementCount == count })
      else { continue }
      let memory = SlotMemory(rule.slots, count: count)
      for (pointer, array) in zip(memory.pointers, arrays) {
        let values = try dataStep { () throws(TensorDataError) in try array.floats() }
        pointer.update(from: values, count: count)
      }
      slots[name] = memory
    }
  }

  /// Applies one step of gradients to the store's variables.
  ///
  /// Where clipping is asked for, gradients are copied first; otherwise nothing is allocated after the first step.
  func apply(
    _ gradients: [UnsafeBufferPointer<Float>], to variables: [Variable], in store: ParameterStore
  ) throws(TrainingError) {
    let seen = iterations + (readsIterationsLate ? 1 : 0)
    let rate = learningRate.value(at: seen)
    iterations += 1
    rule.begin(step: seen + 1, learningRate: rate)
    var gradients = gradients
    if clipping.isActive {
      let copies = gradients.map { source in
        let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: source.count)
        _ = copy.initialize(from: source)
        return copy
      }
      defer { for copy in copies { copy.deallocate() } }
      clipping.apply(to: copies)
      gradients = copies.map { UnsafeBufferPointer($0) }
      try update(gradients, variables, rate, store)
    } else {
      try update(gradients, variables, rate, store)
    }
  }

  private func update(
    _ gradients: [UnsafeBufferPointer<Float>], _ variables: [Variable], _ rate: Double, _ store: ParameterStore
  ) throws(TrainingError) {
    let decay = weightDecay.map { Float($0 * rate) }
    for (variable, gradient) in zip(variables, gradients) {
      guard let start = gradient.baseAddress else { continue }
      var memory = slots[variable.name] ?? SlotMemory(rule.slots, count: gradient.count)
      if memory.count != gradient.count { memory = SlotMemory(rule.slots, count: gradient.count) }
      slots[variable.name] = memory
      try engineStep { () throws(EngineError) in
        try store.withMutableFloats(variable.name) { weights in
          guard let w = weights.baseAddress, weights.count == gradient.count else { return }
          if let decay {
            for i in weights.indices { w[i] -= decay * w[i] }
          }
          rule.update(VariableBuffers(count: weights.count, weights: w, gradients: start, slots: memory.pointers))
          variable.constraint?.apply(to: weights)
        }
      }
    }
  }
}

/// The arrays an optimizer keeps for one variable.
private final class SlotMemory {
  let pointers: [UnsafeMutablePointer<Float>]
  let count: Int

  init(_ slots: [OptimizerSlot], count: Int) {
    self.count = count
    pointers = slots.map { slot in
      let pointer = UnsafeMutablePointer<Float>.allocate(capacity: max(count, 1))
      pointer.initialize(repeating: slot.initialValue, count: count)
      return pointer
    }
  }

  deinit {
    for pointer in pointers { pointer.deallocate() }
  }
}
