import Foundation
import KerasModel

/// √ of the mean squared error over everything seen.
struct RootMeanSquaredError: StreamingMetric {
  static let names = ["RootMeanSquaredError", "root_mean_squared_error", "rmse"]

  init(_ config: MetricConfig, classes: Int) throws(TrainingError) {}

  var stateCount: Int { 2 }

  func update(_ state: inout [Double], with batch: MetricBatch) {
    guard batch.truth.count == batch.prediction.count else { return }
    for row in 0..<batch.rows {
      var sum: Float = 0
      for index in row * batch.classes..<(row + 1) * batch.classes {
        sum += (batch.prediction[index] - batch.truth[index]) * (batch.prediction[index] - batch.truth[index])
      }
      state[0] += Double(sum) / Double(batch.classes) * batch.weight(row)
      state[1] += batch.weight(row)
    }
  }

  func results(_ state: [Double]) -> [Double] { [quotientOrZero(state[0], state[1]).squareRoot()] }
}

/// The share of the variance that is explained, of each output.
struct R2Score: StreamingMetric {
  static let names = ["R2Score", "r2_score"]
  private let aggregation: String?
  private let regressors: Double
  private let classes: Int

  init(_ config: MetricConfig, classes: Int) throws(TrainingError) {
    aggregation =
      config.fields["class_aggregation"] == nil ? "uniform_average" : config.string("class_aggregation")
    regressors = config.double("num_regressors", default: 0)
    self.classes = max(classes, 1)
  }

  /// The number of elements, then per output Σwt, Σwt², Σw(t − p)² and Σw.
  var stateCount: Int { 1 + 4 * classes }

  func update(_ state: inout [Double], with batch: MetricBatch) {
    guard batch.classes == classes, batch.truth.count == batch.prediction.count else { return }
    state[0] += Double(batch.truth.count)
    for row in 0..<batch.rows {
      let weight = batch.weight(row)
      for column in 0..<classes {
        let truth = Double(batch.truth[row * classes + column])
        let error = truth - Double(batch.prediction[row * classes + column])
        state[1 + column] += weight * truth
        state[1 + classes + column] += weight * truth * truth
        state[1 + 2 * classes + column] += weight * error * error
        state[1 + 3 * classes + column] += weight
      }
    }
  }

  func results(_ state: [Double]) -> [Double] {
    let totals = (0..<classes).map {
      state[1 + classes + $0] - state[1 + $0] * state[1 + $0] / state[1 + 3 * classes + $0]
    }
    let scores = (0..<classes).map { column -> Double in
      let score = 1 - state[1 + 2 * classes + column] / totals[column]
      return score.isInfinite ? 0 : score
    }
    let combined: [Double]
    switch aggregation {
    case "uniform_average": combined = [scores.reduce(0, +) / Double(classes)]
    case "variance_weighted_average":
      combined = [zip(totals, scores).reduce(0) { $0 + $1.0 * $1.1 } / totals.reduce(0, +)]
    default: combined = scores
    }
    guard regressors != 0, regressors < state[0] - 1 else { return combined }
    return combined.map { 1 - (1 - $0) * (state[0] - 1) / (state[0] - regressors - 1) }
  }
}

/// The correlation along the last axis, averaged over the samples: Pearson's, or Lin's concordance as Keras computes it.
struct Correlation: StreamingMetric {
  static let names = [
    "PearsonCorrelation", "ConcordanceCorrelation", "pearson_correlation", "concordance_correlation",
  ]
  private let isConcordance: Bool

  init(_ config: MetricConfig, classes: Int) throws(TrainingError) { try self.init(config, isConcordance: false) }

  init(_ config: MetricConfig, isConcordance: Bool) throws(TrainingError) {
    let axis = config.fields["axis"]?.intValue ?? -1
    guard axis == -1 else { throw .unsupported(field: "metrics", reason: "a correlation along axis \(axis)") }
    self.isConcordance = isConcordance
  }

  var stateCount: Int { 2 }

  func update(_ state: inout [Double], with batch: MetricBatch) {
    guard batch.truth.count == batch.prediction.count else { return }
    let count = Double(batch.classes)
    for row in 0..<batch.rows {
      let range = row * batch.classes..<(row + 1) * batch.classes
      let t = batch.truth[range].map { Double($0) }
      let p = batch.prediction[range].map { Double($0) }
      let (meanT, meanP) = (t.reduce(0, +) / count, p.reduce(0, +) / count)
      let varianceT = t.reduce(0) { $0 + ($1 - meanT) * ($1 - meanT) } / count
      let varianceP = p.reduce(0) { $0 + ($1 - meanP) * ($1 - meanP) } / count
      let value: Double
      if isConcordance {
        // Keras centres the truth on the predictions' mean.
        let sum = zip(t, p).reduce(0) { $0 + ($1.0 - meanP) * ($1.1 - meanP) } / count
        value = 2 * sum / (varianceT + varianceP + (meanT - meanP) * (meanT - meanP) + kerasEpsilon)
      } else {
        let sum = zip(t, p).reduce(0) { $0 + ($1.0 - meanT) * ($1.1 - meanP) } / count
        value = sum / (varianceT.squareRoot() * varianceP.squareRoot())
      }
      state[0] += value * batch.weight(row)
      state[1] += batch.weight(row)
    }
  }

  func results(_ state: [Double]) -> [Double] { [quotientOrZero(state[0], state[1])] }
}
