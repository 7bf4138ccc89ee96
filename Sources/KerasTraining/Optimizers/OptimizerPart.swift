import KerasCore
import KerasEngine
import KerasModel

/// One optimizer's arithmetic with its state: the arguments that all of Keras' optimizers share, around a rule.
///
/// `loss_scale_factor` has no place here: Keras multiplies the loss by it and divides the gradients, in float32 for nothing.
final class OptimizerPart {
  /// `use_ema`: averages of the weights after each step.
  private struct Averaging {
    var momentum: Float
    /// Steps after which the averages replace the weights.
    var frequency: Int?
    /// Keras 3's first average is the variable itself; Keras 2's averages began with the weights before training.
    var beginsAfterFirstStep: Bool
  }

  let className: String
  let defaultLearningRate: Double
  var learningRate: LearningRate
  let groups: [[OptimizerSlot]]
  let slots: [OptimizerSlot]
  private var rule: any UpdateRule
  private let clipping: GradientClipping
  private let weightDecay: Double?
  private let averaging: Averaging?
  /// Steps whose gradients are averaged for one update.
  private let accumulationSteps: Int?
  private let readsIterationsLate: Bool
  private var memories: [String: SlotMemory] = [:]

  /// Throws `TrainingError.unknownOptimizer` or `unsupported`.
  init(
    _ config: OptimizerConfig, _ semantics: TrainingSemantics, learningRate override: LearningRate?
  ) throws(TrainingError) {
    let type = try OptimizerRegistry.type(named: config.className)
    className = type.className
    defaultLearningRate = type.defaultLearningRate
    rule = try type.init(config, semantics)
    clipping = GradientClipping(config, semantics)
    weightDecay = config.fields["weight_decay"] == nil ? type.defaultWeightDecay : config.optionalDouble("weight_decay")
    readsIterationsLate = semantics.readsIterationsLate
    let stated = config.fields["learning_rate"] ?? config.fields["lr"] ?? .null
    let rate =
      if let override { override } else { try LearningRate(stated, default: type.defaultLearningRate) }
    let decay = config.double("decay", default: 0)
    if semantics.honorsDecay, decay > 0, className != Nadam.className, case .constant(let rate) = rate {
      learningRate = .timeDecay(rate: rate, decay: decay, steps: 1, isStaircase: false)
    } else {
      learningRate = rate
    }
    var common: [[OptimizerSlot]] = []
    if config.bool("use_ema") {
      let frequency = config.optionalDouble("ema_overwrite_frequency").map { Int($0.clamped(to: 0...1e9)) }
      averaging = Averaging(
        momentum: Float(config.double("ema_momentum", default: 0.99)),
        frequency: frequency.flatMap { $0 > 0 ? $0 : nil },
        beginsAfterFirstStep: !semantics.averagesBeginWithWeights)
      common.append([OptimizerSlot(name: "average", start: semantics.averagesBeginWithWeights ? .weights : .value(0))])
    } else {
      averaging = nil
    }
    if let steps = config.optionalDouble("gradient_accumulation_steps"), steps >= 2 {
      accumulationSteps = Int(steps.clamped(to: 2...1e9))
      common.append([OptimizerSlot(name: "gradient_accumulator")])
    } else {
      accumulationSteps = nil
    }
    groups = common + rule.groups
    slots = groups.flatMap(\.self)
  }

  /// How its state lies in files.
  func form(pattern: NamePattern?) -> OptimizerForm.Part {
    var hasSchedule = true
    if case .constant = learningRate { hasSchedule = false }
    return OptimizerForm.Part(className: className, groups: groups, pattern: pattern, hasSchedule: hasSchedule)
  }

  /// Nadam's product of its schedule after so many steps.
  func scheduleProduct(after steps: Int) -> Float? { rule.scheduleProduct(after: steps) }

  /// The arrays of every variable updated so far.
  func state() throws(TensorDataError) -> [String: [String: TensorData]] {
    var result: [String: [String: TensorData]] = [:]
    for (name, memory) in memories {
      for (index, slot) in slots.enumerated() where slot.belongs(to: name, shape: memory.shape) {
        let floats = Array(UnsafeBufferPointer(start: memory.pointers[index], count: memory.counts[index]))
        result[slot.name, default: [:]][name] = try TensorData(shape: slot.shape(for: memory.shape), floats: floats)
      }
    }
    return result
  }

  /// Takes over the arrays of a variable, if all of them are there.
  func restore(_ name: String, from saved: [String: [String: TensorData]]) throws(TrainingError) {
    guard let whole = slots.lazy.filter({ $0.extent == .variable }).compactMap({ saved[$0.name]?[name] }).first else {
      return
    }
    let memory = SlotMemory(slots, name: name, shape: whole.shape, weights: nil)
    for (index, slot) in slots.enumerated() where memory.counts[index] > 0 {
      guard let array = saved[slot.name]?[name], array.elementCount == memory.counts[index] else { return }
      let values = try dataStep { () throws(TensorDataError) in try array.floats() }
      memory.pointers[index].update(from: values, count: values.count)
    }
    memories[name] = memory
  }

  /// Applies one step of gradients; `iterations` counts those before it.
  ///
  /// Where gradients are clipped or accumulated they are copied first; otherwise nothing is allocated after the first step.
  func apply(
    _ gradients: [UnsafeBufferPointer<Float>], to variables: [Optimizer.Variable], in store: ParameterStore,
    iterations: Int
  ) throws(TrainingError) {
    let seen = iterations + (readsIterationsLate ? 1 : 0)
    let rate = learningRate.value(at: seen)
    // Keras counts updates, not steps, wherever gradients are accumulated; its schedules count steps.
    let updates = accumulationSteps.map { iterations / $0 } ?? seen
    let isUpdate = accumulationSteps.map { (iterations + 1) % $0 == 0 } ?? true
    try prepare(variables, in: store)
    if isUpdate {
      rule.begin(step: updates + 1, learningRate: rate)
      if clipping.isActive || accumulationSteps != nil {
        let copies = gradients.map { source in
          let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: source.count)
          _ = copy.initialize(from: source)
          return copy
        }
        defer { for copy in copies { copy.deallocate() } }
        takeAccumulated(copies, variables)
        clipping.apply(to: copies)
        try update(copies.map { UnsafeBufferPointer($0) }, variables, rate, updates, store)
      } else {
        try update(gradients, variables, rate, updates, store)
      }
    } else {
      accumulate(gradients, variables)
      try finish(variables, updates, store)
    }
  }

  /// Replaces the weights by their averages, as Keras' `finalize_variable_values`.
  func useAverages(in store: ParameterStore) throws(TrainingError) {
    guard averaging != nil, let index = slots.firstIndex(where: { $0.name == "average" }) else { return }
    for (name, memory) in memories {
      try engineStep { () throws(EngineError) in
        try store.withMutableFloats(name) { weights in
          guard weights.count == memory.counts[index] else { return }
          weights.baseAddress?.update(from: memory.pointers[index], count: weights.count)
        }
      }
    }
  }

  private func prepare(_ variables: [Optimizer.Variable], in store: ParameterStore) throws(TrainingError) {
    for variable in variables where memories[variable.name]?.shape != variable.shape {
      try engineStep { () throws(EngineError) in
        try store.withMutableFloats(variable.name) { weights in
          memories[variable.name] = SlotMemory(
            slots, name: variable.name, shape: variable.shape, weights: weights.baseAddress.map { UnsafePointer($0) })
        }
      }
    }
  }

  private func accumulator(of variable: Optimizer.Variable) -> UnsafeMutablePointer<Float>? {
    guard let index = slots.firstIndex(where: { $0.name == "gradient_accumulator" }) else { return nil }
    return memories[variable.name]?.pointers[index]
  }

  private func accumulate(_ gradients: [UnsafeBufferPointer<Float>], _ variables: [Optimizer.Variable]) {
    for (variable, gradient) in zip(variables, gradients) {
      guard let sums = accumulator(of: variable) else { continue }
      for i in gradient.indices { sums[i] += gradient[i] }
    }
  }

  /// Makes the gradients the means over the steps accumulated and this one.
  private func takeAccumulated(_ gradients: [UnsafeMutableBufferPointer<Float>], _ variables: [Optimizer.Variable]) {
    guard let accumulationSteps else { return }
    for (variable, gradient) in zip(variables, gradients) {
      guard let sums = accumulator(of: variable) else { continue }
      for i in gradient.indices {
        gradient[i] = (gradient[i] + sums[i]) / Float(accumulationSteps)
        sums[i] = 0
      }
    }
  }

  private func update(
    _ gradients: [UnsafeBufferPointer<Float>], _ variables: [Optimizer.Variable], _ rate: Double, _ updates: Int,
    _ store: ParameterStore
  ) throws(TrainingError) {
    let common = slots.count - rule.groups.reduce(0) { $0 + $1.count }
    for (variable, gradient) in zip(variables, gradients) {
      guard let start = gradient.baseAddress, let memory = memories[variable.name] else { continue }
      let decay = rule.weightDecay(of: variable.name, shape: variable.shape, stated: weightDecay).map {
        Float($0 * rate)
      }
      try engineStep { () throws(EngineError) in
        try store.withMutableFloats(variable.name) { weights in
          guard let w = weights.baseAddress, weights.count == gradient.count else { return }
          if let decay {
            for i in weights.indices { w[i] -= decay * w[i] }
          }
          rule.update(
            VariableBuffers(
              name: variable.name, shape: variable.shape, count: weights.count, weights: w, gradients: start,
              slots: common == 0 ? memory.pointers : Array(memory.pointers.dropFirst(common))))
        }
      }
    }
    try finish(variables, updates, store)
  }

  /// Averages and constraints after a step.
  private func finish(
    _ variables: [Optimizer.Variable], _ updates: Int, _ store: ParameterStore
  ) throws(TrainingError) {
    let averageSlot = averaging == nil ? nil : slots.firstIndex { $0.name == "average" }
    for variable in variables where averageSlot != nil || variable.constraint != nil {
      try engineStep { () throws(EngineError) in
        try store.withMutableFloats(variable.name) { weights in
          if let averaging, let averageSlot, let average = memories[variable.name]?.pointers[averageSlot],
            memories[variable.name]?.counts[averageSlot] == weights.count
          {
            let keep = averaging.beginsAfterFirstStep && updates == 0 ? 0 : averaging.momentum
            for i in weights.indices { average[i] = keep * average[i] + (1 - keep) * weights[i] }
            if let frequency = averaging.frequency, (updates + 1) % frequency == 0 {
              for i in weights.indices { weights[i] = average[i] }
            }
          }
          variable.constraint?.apply(to: weights)
        }
      }
    }
  }
}

extension Double {
  fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
    isNaN ? range.lowerBound : Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}
