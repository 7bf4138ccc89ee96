import KerasCore
import KerasEngine
import KerasModel

/// An optimizer with its state: applies gradients to a store's variables.
///
/// A LossScaleOptimizer is its inner optimizer here with the scale kept beside it: gradients are computed in float32, where
/// scaling by a power of two and back changes nothing. Not safe to use from several threads at once.
public final class Optimizer {
  /// A variable that is trained.
  struct Variable {
    var name: String
    var shape: [Int]
    var constraint: ConstraintProjection?
  }

  /// Keras' dynamic loss scale.
  private struct LossScaling {
    var state: OptimizerState.LossScale
    var growthSteps: Int
  }

  /// The Keras class name, as in the config.
  public let className: String
  /// Updates made so far, as Keras' `iterations`.
  public private(set) var iterations: Int
  /// How its state lies in files.
  public let form: OptimizerForm

  /// One, or those of a MultiOptimizer.
  private let parts: [OptimizerPart]
  private var lossScaling: LossScaling?

  /// The learning rate; of a MultiOptimizer's first optimizer, and when set of all.
  public var learningRate: LearningRate {
    get { parts.first?.learningRate ?? .constant(0) }
    set { for part in parts { part.learningRate = newValue } }
  }

  /// The rates that a callback may change, one for each optimizer of a MultiOptimizer; `nil` if a schedule sets one.
  var baseRates: [Double]? {
    get {
      let rates = parts.compactMap(\.learningRate.base)
      return rates.count == parts.count ? rates : nil
    }
    set {
      for (part, rate) in zip(parts, newValue ?? []) { part.learningRate.base = rate }
    }
  }

  /// Reads a canonical optimizer config under a release's formulas.
  ///
  /// Throws `TrainingError.unknownOptimizer` or `unsupported`.
  public init(
    _ json: JSON, semantics: TrainingSemantics, learningRate override: LearningRate? = nil, iterations: Int = 0
  ) throws(TrainingError) {
    self.iterations = iterations
    var config = try OptimizerConfig(json)
    let outer = config.className
    if outer == "LossScaleOptimizer" {
      let scale = Float(config.double("initial_scale", default: 32768))
      let steps = config.double("dynamic_growth_steps", default: 2000)
      lossScaling = LossScaling(
        state: .init(scale: scale, steps: 0), growthSteps: steps >= 1 && steps < 1e15 ? Int(steps) : 2000)
      config = try OptimizerConfig(config.fields["inner_optimizer"] ?? .null)
    }
    var parts: [OptimizerPart] = []
    var patterns: [NamePattern?] = []
    if config.className == "MultiOptimizer" {
      let map = config.fields["optimizer_map"]?["config"]
      for (key, value) in map?["optimizer_map"]?.objectValue ?? [:] {
        do {
          patterns.append(try NamePattern(key))
        } catch {
          throw .unsupported(field: "optimizer", reason: error.description)
        }
        parts.append(try OptimizerPart(try OptimizerConfig(value), semantics, learningRate: override))
      }
      parts.append(
        try OptimizerPart(try OptimizerConfig(map?["default_optimizer"] ?? .null), semantics, learningRate: override))
      patterns.append(nil)
    } else {
      parts = [try OptimizerPart(config, semantics, learningRate: override)]
      patterns = [nil]
    }
    self.parts = parts
    let isWrapped = ["LossScaleOptimizer", "MultiOptimizer"].contains(outer)
    className = isWrapped ? outer : parts[0].className
    form = OptimizerForm(
      className: className, scalesLoss: lossScaling != nil, parts: zip(parts, patterns).map { $0.form(pattern: $1) })
  }

  /// The state of every variable updated so far: `<variable>/<slot>`.
  public func state() throws(TensorDataError) -> [String: TensorData] {
    var result: [String: TensorData] = [:]
    for part in parts {
      for (slot, arrays) in try part.state() {
        for (name, array) in arrays { result[name + "/" + slot] = array }
      }
    }
    return result
  }

  /// The bytes of the arrays kept for these variables, in float32.
  func stateByteCount(of variables: [Variable]) -> Int {
    var count = 0
    for variable in variables {
      for slot in parts[form.part(of: variable.name)].slots
      where slot.belongs(to: variable.name, shape: variable.shape) {
        count += 4 * (checkedProduct(slot.shape(for: variable.shape)) ?? 0)
      }
    }
    return count
  }

  /// The state as files hold it: the step count, and the slots of every variable updated so far.
  func snapshot() throws(TensorDataError) -> OptimizerState {
    var result = OptimizerState(form: form, iterations: iterations, lossScale: lossScaling?.state)
    for part in parts {
      for (slot, arrays) in try part.state() { result.slots[slot, default: [:]].merge(arrays) { $1 } }
      result.scheduleProduct = part.scheduleProduct(after: iterations) ?? result.scheduleProduct
    }
    return result
  }

  /// Takes over a saved state: the step count, and the slots of every variable that has all of them.
  ///
  /// Throws `TrainingError.data` for arrays that cannot be read as numbers.
  func restore(_ state: OptimizerState, trained names: some Sequence<String>) throws(TrainingError) {
    iterations = state.iterations
    if let scale = state.lossScale { lossScaling?.state = scale }
    for name in names { try parts[form.part(of: name)].restore(name, from: state.slots) }
  }

  /// Applies one step of gradients to the store's variables.
  func apply(
    _ gradients: [UnsafeBufferPointer<Float>], to variables: [Variable], in store: ParameterStore
  ) throws(TrainingError) {
    if let scaling = lossScaling {
      guard gradients.allSatisfy(\.areFinite) else {
        // Keras leaves such a step out.
        lossScaling?.state = .init(scale: scaling.state.scale / 2, steps: 0)
        return
      }
      lossScaling?.state =
        scaling.state.steps + 1 >= scaling.growthSteps
        ? .init(scale: scaling.state.scale * 2, steps: 0)
        : .init(scale: scaling.state.scale, steps: scaling.state.steps + 1)
    }
    if parts.count == 1 {
      try parts[0].apply(gradients, to: variables, in: store, iterations: iterations)
    } else {
      let owners = variables.map { form.part(of: $0.name) }
      for (index, part) in parts.enumerated() {
        let own = variables.indices.filter { owners[$0] == index }
        guard !own.isEmpty else { continue }
        try part.apply(own.map { gradients[$0] }, to: own.map { variables[$0] }, in: store, iterations: iterations)
      }
    }
    iterations += 1
  }

  /// Whether a step whose gradients are not finite is left out, as a LossScaleOptimizer does.
  var skipsNonFiniteGradients: Bool { lossScaling != nil }

  /// With `use_ema`, replaces the weights by their averages, as Keras' `fit` does at its end.
  func useAverages(in store: ParameterStore) throws(TrainingError) {
    for part in parts { try part.useAverages(in: store) }
  }
}
