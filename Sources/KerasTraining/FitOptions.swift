/// How long, in what portions, and under whose watch to train.
public struct FitOptions: Sendable {
  public var epochs: Int
  public var batchSize: Int
  public var shuffles: Bool
  /// The share of the last samples kept for validation, taken before shuffling.
  public var validationSplit: Double?
  /// Samples among which a source that is not in memory is shuffled; for a `DataSet` in place of shuffling all of it.
  public var shuffleBuffer: Int?
  public var earlyStopping: EarlyStopping?
  public var reduceOnPlateau: ReduceLROnPlateau?
  public var checkpoints: CheckpointOptions?
  /// Whether a finished run ends with an optimizer's averages (`use_ema`) for weights, as Keras' `fit` does.
  ///
  /// Else the weights are the last step's, as after `train_on_batch`: training goes on exactly from those only.
  public var usesAverages = false
  /// Where to go on; the data, batch size and seed have to be those of the run that wrote it.
  public var resume: Checkpoint?
  /// Asked after each batch of training and validation: whether to write a checkpoint and end.
  public var isInterrupted: @Sendable () -> Bool = { false }

  /// Of sources that are not in memory, if `shuffleBuffer` says nothing.
  public static let standardShuffleBuffer = 10_000

  public init(epochs: Int = 1, batchSize: Int = 32, shuffles: Bool = true, validationSplit: Double? = nil) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.shuffles = shuffles
    self.validationSplit = validationSplit
  }
}

/// Where and how often a run leaves its state.
public struct CheckpointOptions: Sendable, Hashable {
  public enum Interval: Sendable, Hashable {
    case steps(Int)
    case epochs(Int)

    /// Whether it ends at so many steps of the whole run; `epochs` are given at the end of one.
    func isDue(steps: Int, epochs: Int? = nil) -> Bool {
      switch self {
      case .steps(let interval): steps % max(interval, 1) == 0
      case .epochs(let interval): epochs.map { $0 % max(interval, 1) == 0 } ?? false
      }
    }
  }

  /// Each checkpoint replaces the one before it.
  public var path: String
  /// `nil`: only when the run is interrupted.
  public var interval: Interval?

  public init(path: String, every interval: Interval? = nil) {
    self.path = path
    self.interval = interval
  }
}
