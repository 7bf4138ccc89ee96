extension AuditRegistry {
  static let training: [any AuditRule] = [
    LossMaskNormalization(),
    SampleWeightNormalization(),
    LossReductionName(),
    TemporalSampleWeight(),
    CosineProximity(),
    BinaryCrossentropyClip(),
    CategoricalCrossentropyOrder(),
    LabelSmoothing(),
    ClassMode(),
    AccuracyResolution(),
    MetricLogName(),
    MetricOfBatches(),
    StatefulMetrics(),
    RMSpropEpsilon(),
    AdagradStart(),
    AdadeltaRate(),
    NadamAdamaxRate(),
    AdamEpsilon(),
    NadamSchedule(),
    IterationRace(),
    RateDecay(),
    Amsgrad(),
    ClipnormScope(),
  ]
}

/// Changes in training that no file shows; they are listed so that nobody takes a clean report for their absence.
public enum TrainingChangeNotInFiles: String, Sendable, Hashable, CaseIterable {
  case weightedSumOfKeras01 = "weighted-sum-0x"
  case learningRateScheduler = "lr-scheduler"
  case epsilonOfBackend = "epsilon-fuzz"

  /// What changed, and why an audit cannot see whether a model is concerned.
  public var reason: String {
    switch self {
    case .weightedSumOfKeras01:
      "Keras 0.1 left samples of weight 0 out and divided by the sum of the weights; weights are given to fit and its "
        + "configs do not name the release."
    case .learningRateScheduler:
      "LearningRateScheduler calls schedule(epoch, lr) from 2.1.3 on (before: schedule(epoch)), and ReduceLROnPlateau's "
        + "epsilon is min_delta from 2.1.6 on; callbacks are not saved."
    case .epsilonOfBackend:
      "The ε of the backend (1e-7, 1e-9 in 0.1 with float64) stands in the user's keras.json, not in the model."
    }
  }
}
