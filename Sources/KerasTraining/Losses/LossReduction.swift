import KerasCore
import KerasGraph
import KerasModel

/// How a loss' values over the batch become one number, with masks and sample weights as the release normalised them.
///
/// Measured (x = errors, m = mask, w = sample weights): Keras ≤ 2.2.4 Σwmx / count(w ≠ 0), mask as mean over the
/// unmasked; tf.keras 1.12 Σwmx / Σwm; Keras 2.3 and tf.keras 1.13 to 2.9 Σwmx / N; later Σwmx / Σm.
enum LossReduction: String, Sendable {
  case sumOverBatchSize = "sum_over_batch_size"
  case sum
  case mean
  case meanWithSampleWeight = "mean_with_sample_weight"

  /// Reads a loss object's `reduction`; `auto` and absence are the ordinary mean.
  init(_ config: JSON) throws(TrainingError) {
    guard let name = config["reduction"]?.stringValue, name != "auto" else {
      self = .sumOverBatchSize
      return
    }
    guard let reduction = LossReduction(rawValue: name) else {
      throw .unsupported(field: "loss", reason: "the reduction '\(name)' gives no single number to train on")
    }
    self = reduction
  }

  /// The reduced loss of `values` `(batch, …)`; `mask` and `weights` may have fewer axes.
  func reduce(
    _ values: Value, mask: Value?, weights: Value?, semantics: TrainingSemantics, in graph: inout Graph
  ) throws(GraphError) -> Value {
    switch self {
    case .sum:
      return try graph.total(.sum, try weighted(values, mask, weights, in: &graph))
    case .meanWithSampleWeight:
      return try weightedMean(values, mask, weights, in: &graph)
    case .sumOverBatchSize, .mean:
      guard mask != nil || weights != nil else { return try graph.total(.mean, values) }
      switch semantics.weightNormalization {
      case .nonZeroCount: return try nonZeroMean(values, mask, weights, in: &graph)
      case .sumOfWeights: return try weightedMean(values, mask, weights, in: &graph)
      case .count:
        let mean = try graph.total(.mean, try weighted(values, mask, weights, in: &graph))
        guard let mask, semantics.maskNormalization == .unmasked else { return mean }
        return try graph.apply(.binary(.divideNoNaN), mean, try graph.total(.mean, try graph.float(mask)))
      }
    }
  }

  private func weighted(
    _ values: Value, _ mask: Value?, _ weights: Value?, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let rank = graph.shape(values).rank
    var result = values
    if let mask { result = try graph.times(result, try graph.withTrailingAxes(try graph.float(mask), rank: rank)) }
    if let weights { result = try graph.times(result, try graph.withTrailingAxes(weights, rank: rank)) }
    return result
  }

  private func weightedMean(
    _ values: Value, _ mask: Value?, _ weights: Value?, in graph: inout Graph
  ) throws(GraphError) -> Value {
    let ones = try graph.plus(try graph.times(try graph.apply(.stopGradient, values), 0), 1)
    let sum = try graph.total(.sum, try weighted(values, mask, weights, in: &graph))
    return try graph.apply(
      .binary(.divideNoNaN), sum, try graph.total(.sum, try weighted(ones, mask, weights, in: &graph)))
  }

  /// Keras' `_weighted_masked_objective` up to 2.2.4.
  private func nonZeroMean(
    _ values: Value, _ mask: Value?, _ weights: Value?, in graph: inout Graph
  ) throws(GraphError) -> Value {
    var result = values
    if let mask {
      let numbers = try graph.float(mask)
      result = try graph.times(result, try graph.withTrailingAxes(numbers, rank: graph.shape(values).rank))
      result = try graph.quotient(result, try graph.total(.mean, numbers))
    }
    guard let weights else { return try graph.total(.mean, result) }
    let weightRank = graph.shape(weights).rank
    let rank = graph.shape(result).rank
    if rank > weightRank {
      result = try graph.apply(.reduce(.mean, axes: Array(weightRank..<rank), keepDimensions: false), result)
    }
    result = try graph.times(result, weights)
    let counted = try graph.float(try graph.apply(.compare(.notEqual), weights, graph.scalar(0)))
    return try graph.total(.mean, try graph.quotient(result, try graph.total(.mean, counted)))
  }
}
