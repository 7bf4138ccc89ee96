import KerasModel

/// The scores that Keras 1.1 and 1.2 computed of each batch as a whole and averaged by batch size.
struct BatchScore: StreamingMetric {
  static let names = [
    "precision", "recall", "fbeta_score", "fmeasure", "f1score", "fscore", "matthews_correlation",
  ]
  private let name: String
  private let beta: Double

  init(_ config: MetricConfig, classes: Int) throws(TrainingError) { try self.init(config, name: "precision") }

  init(_ config: MetricConfig, name: String) throws(TrainingError) {
    self.name = name
    beta = config.double("beta", default: 1)
  }

  /// Σ of the values, each times its samples, and the samples.
  var stateCount: Int { 2 }

  func update(_ state: inout [Double], with batch: MetricBatch) {
    guard batch.truth.count == batch.prediction.count else { return }
    func sum(_ value: (Float, Float) -> Float) -> Double {
      Double(zip(batch.truth, batch.prediction).reduce(Float(0)) { $0 + value($1.0, $1.1) })
    }
    func round(_ value: Float) -> Float { min(max(value, 0), 1).rounded(.toNearestOrEven) }
    let hits = sum { round($0 * $1) }
    let found = sum { _, score in round(score) }
    let wanted = sum { truth, _ in round(truth) }
    let precision = hits / (found + kerasEpsilon)
    let recall = hits / (wanted + kerasEpsilon)
    let value: Double
    switch name {
    case "precision": value = precision
    case "recall": value = recall
    case "matthews_correlation":
      let tp = sum { round($0) * round($1) }
      let tn = sum { (1 - round($0)) * (1 - round($1)) }
      let fp = sum { (1 - round($0)) * round($1) }
      let fn = sum { round($0) * (1 - round($1)) }
      value =
        (tp * tn - fp * fn) / (((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)).squareRoot() + kerasEpsilon)
    default:
      let square = beta * beta
      value = wanted == 0 ? 0 : (1 + square) * precision * recall / (square * precision + recall + kerasEpsilon)
    }
    state[0] += value * Double(batch.rows)
    state[1] += Double(batch.rows)
  }

  func results(_ state: [Double]) -> [Double] { [quotientOrZero(state[0], state[1])] }
}
