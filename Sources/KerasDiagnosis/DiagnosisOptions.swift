import KerasTraining

/// How a model is looked at.
public struct DiagnosisOptions: Sendable {
  /// At most so many samples are looked at, spread over data in memory, else the first.
  public var samples: Int
  /// Samples per batch of the training that is thought of: releases differ in whether activity penalties depend on it.
  public var batchSize: Int
  /// Loss, semantics and threads, as for training.
  public var training: TrainingOptions
  /// Bytes of intermediate results that are held at once; batches are made as small as this asks.
  public var memoryLimit: Int

  public init(
    samples: Int = 1000, batchSize: Int = 32, training: TrainingOptions = TrainingOptions(),
    memoryLimit: Int = 256 << 20
  ) {
    self.samples = samples
    self.batchSize = batchSize
    self.training = training
    self.memoryLimit = memoryLimit
  }
}
