/// Lowers the learning rate when a value no longer improves, with the arithmetic of Keras 3's `ReduceLROnPlateau` (3.15.1,
/// `callbacks/reduce_lr_on_plateau.py`).
public struct ReduceLROnPlateau: Sendable, Hashable {
  public var monitor: Monitor
  /// What the rate is multiplied by; below 1.
  public var factor: Double
  /// Epochs without improvement after which it is.
  public var patience: Int
  public var minDelta: Double
  /// Epochs to wait after a change before anything is counted again.
  public var cooldown: Int
  public var minLearningRate: Double

  public init(
    _ monitor: Monitor = Monitor(), factor: Double = 0.1, patience: Int = 10, minDelta: Double = 1e-4,
    cooldown: Int = 0, minLearningRate: Double = 0
  ) {
    self.monitor = monitor
    self.factor = factor
    self.patience = patience
    self.minDelta = minDelta
    self.cooldown = cooldown
    self.minLearningRate = minLearningRate
  }

  /// What it remembers from epoch to epoch.
  struct State: Equatable {
    var best: Double?
    var wait = 0
    var cooldown = 0
  }

  /// Takes in the value at the end of an epoch; the new rates of all optimizers, if any changes.
  func update(_ state: inout State, value: Double, named name: String, learningRates: [Double]) -> [Double]? {
    if state.cooldown > 0 {
      state.cooldown -= 1
      state.wait = 0
    }
    if monitor.isBetter(value, than: state.best, named: name, minDelta: minDelta) {
      state.best = value
      state.wait = 0
      return nil
    }
    guard state.cooldown == 0 else { return nil }
    state.wait += 1
    guard state.wait >= patience else { return nil }
    // Keras holds rates in float32.
    let reduced = learningRates.map { rate -> Double in
      let old = Double(Float(rate))
      return old > Double(Float(minLearningRate)) ? max(old * factor, minLearningRate) : rate
    }
    guard reduced != learningRates else { return nil }
    state.cooldown = cooldown
    state.wait = 0
    return reduced
  }
}
