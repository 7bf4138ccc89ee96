import KerasCore

/// Samples to train or evaluate on: arrays whose first axis counts samples, in the order of a model's inputs and outputs.
public struct DataSet: Sendable {
  /// One array per model input.
  public let inputs: [TensorData]
  /// One array per model output.
  public let targets: [TensorData]
  /// None, one for all outputs, or one per output; `(samples)` or `(samples, time)`.
  public let sampleWeights: [TensorData]
  /// The number of samples.
  public let count: Int

  /// Throws `TrainingError` if there are no samples or the arrays disagree on their number.
  public init(
    inputs: [TensorData], targets: [TensorData], sampleWeights: [TensorData] = []
  ) throws(TrainingError) {
    let arrays =
      inputs.enumerated().map { ("input \($0)", $1) } + targets.enumerated().map { ("target \($0)", $1) }
      + sampleWeights.enumerated().map { ("sample weight \($0)", $1) }
    guard let count = inputs.first?.shape.first, count > 0 else { throw .noSamples }
    for (name, array) in arrays {
      guard let own = array.shape.first, own == count else {
        throw .sampleCount(name: name, expected: count, found: array.shape.first ?? 0)
      }
    }
    self.inputs = inputs
    self.targets = targets
    self.sampleWeights = sampleWeights
    self.count = count
  }

  /// Takes arrays by name.
  ///
  /// Inputs go by their own names, else as `x` or `x0`, `x1` and so on; targets by the outputs' names, else as `y` or `y0`,
  /// `y1`; weights are `sample_weight`, or `sample_weight0`, `sample_weight1`.
  ///
  /// Throws `TrainingError.missingData` naming the array that is not there, or what the other initializer throws.
  public init(
    arrays: [String: TensorData], inputNames: [String], outputNames: [String]
  ) throws(TrainingError) {
    let inputs = try Self.pick("x", inputNames, from: arrays)
    let targets = try Self.pick("y", outputNames, from: arrays)
    var weights: [TensorData] = []
    if let shared = arrays["sample_weight"] {
      weights = [shared]
    } else if outputNames.indices.contains(where: { arrays["sample_weight\($0)"] != nil }) {
      weights = try Self.pick("sample_weight", outputNames, from: arrays, byName: false)
    }
    try self.init(inputs: inputs, targets: targets, sampleWeights: weights)
  }

  private static func pick(
    _ letter: String, _ names: [String], from arrays: [String: TensorData], byName: Bool = true
  ) throws(TrainingError) -> [TensorData] {
    // All by name or all by number: a mixture would be a guess.
    if byName, names.allSatisfy({ arrays[$0] != nil }) { return names.compactMap { arrays[$0] } }
    if names.count == 1, let only = arrays[letter] { return [only] }
    var picked: [TensorData] = []
    for index in names.indices {
      guard let array = arrays["\(letter)\(index)"] else {
        throw .missingData(names.count == 1 ? letter : "\(letter)\(index)", available: arrays.keys.sorted())
      }
      picked.append(array)
    }
    return picked
  }

  /// Splits off the last samples, as Keras does before it shuffles: `fraction` of them, the first part rounded down.
  ///
  /// Throws `TrainingError.noSamples` if either part would be empty.
  public func split(validationFraction fraction: Double) throws(TrainingError) -> (
    training: DataSet, validation: DataSet
  ) {
    let first = Int((Double(count) * (1 - fraction)).rounded(.down))
    guard first > 0, first < count else { throw .noSamples }
    return (try rows(0..<first), try rows(first..<count))
  }

  /// The samples of a range.
  public func rows(_ range: Range<Int>) throws(TrainingError) -> DataSet {
    func cut(_ arrays: [TensorData]) throws(TrainingError) -> [TensorData] {
      try arrays.map { array throws(TrainingError) in
        try dataStep { () throws(TensorDataError) in try array.rows(range) }
      }
    }
    return try DataSet(inputs: try cut(inputs), targets: try cut(targets), sampleWeights: try cut(sampleWeights))
  }
}
