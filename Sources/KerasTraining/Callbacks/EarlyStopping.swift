/// Ends training when a value no longer improves, with the arithmetic of Keras 3's `EarlyStopping` (3.15.1,
/// `callbacks/early_stopping.py`).
public struct EarlyStopping: Sendable, Hashable {
  public var monitor: Monitor
  /// Epochs without improvement after which training ends.
  public var patience: Int
  /// What does not count as an improvement yet.
  public var minDelta: Double
  /// A value that has to be beaten for the waiting to begin anew.
  public var baseline: Double?
  /// Whether the weights of the best epoch are taken at the end, however it comes.
  public var restoresBest: Bool
  /// Epochs, from 0, before which nothing is watched.
  public var startFromEpoch: Int

  public init(
    _ monitor: Monitor = Monitor(), patience: Int = 0, minDelta: Double = 0, baseline: Double? = nil,
    restoresBest: Bool = false, startFromEpoch: Int = 0
  ) {
    self.monitor = monitor
    self.patience = patience
    self.minDelta = minDelta
    self.baseline = baseline
    self.restoresBest = restoresBest
    self.startFromEpoch = startFromEpoch
  }

  /// What it remembers from epoch to epoch.
  struct State: Equatable {
    var best: Double?
    /// From 1; 0 before any.
    var bestEpoch = 0
    var wait = 0
    var hasStopped = false
  }

  /// Takes in the value at the end of an epoch, from 1; whether its weights are the best so far.
  func update(_ state: inout State, value: Double, named name: String, epoch: Int) -> Bool {
    guard epoch > startFromEpoch else { return false }
    let isFirst = state.bestEpoch == 0
    if isFirst { state.bestEpoch = epoch }
    state.wait += 1
    if monitor.isBetter(value, than: state.best, named: name, minDelta: minDelta) {
      state.best = value
      state.bestEpoch = epoch
      if monitor.isBetter(value, than: baseline, named: name, minDelta: minDelta) { state.wait = 0 }
      return true
    }
    // Never in the first epoch of all.
    if state.wait >= patience, epoch > 1 { state.hasStopped = true }
    return isFirst
  }
}
