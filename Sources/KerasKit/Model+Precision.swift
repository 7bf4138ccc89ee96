import KerasCore

extension Model {
  /// How far predictions in `precision` lie from those in float32 on some samples, computed in one batch.
  ///
  /// Without samples (`nil`), on one batch of random numbers as `benchmark` makes them.
  public func precisionDifference(
    on arrays: [TensorData]? = nil, batchSize: Int = 32
  ) throws(KerasKitError) -> [OutputDifference] {
    let given = if let arrays { arrays } else { try KerasKitError.wrap { try sampleInputs(batchSize: batchSize) } }
    let count = min(batchSize, given.first?.shape.first ?? 0)
    guard count > 0 else { throw .badRequest("the data has no samples") }
    let first = try fitted(KerasKitError.wrap { try given.map { try $0.samples(0..<count) } })
    let pair = try KerasKitError.wrap {
      var exact = engineOptions
      exact.precision = .float32
      return try [exact, engineOptions].map { options in
        try Predictor(lowered, weights: ModelWeights(loaded), options: options)
          .run(first, names: inputs.map(\.name), batchSize: count) { _, _ in }
      }
    }
    return try OutputDifference.between(pair[0], pair[1], names: outputs.map(\.name))
  }
}
