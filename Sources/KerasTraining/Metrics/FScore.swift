import KerasModel

/// `F1Score` and `FBetaScore` over classes.
struct FScore: StreamingMetric {
  static let names = ["F1Score", "FBetaScore", "f1_score", "fbeta_score"]
  private let average: String?
  private let beta: Double
  private let threshold: Float?
  private let classes: Int

  init(_ config: MetricConfig, classes: Int) throws(TrainingError) {
    average = config.string("average")
    guard average.map({ ["micro", "macro", "weighted"].contains($0) }) ?? true else {
      throw .unsupported(field: "metrics", reason: "the average '\(average ?? "")' of an F score")
    }
    beta = config.double("beta", default: 1)
    threshold = config.fields["threshold"]?.doubleValue.map { Float($0) }
    self.classes = max(classes, 1)
  }

  /// True positives, false positives, false negatives and truths, each per class.
  var stateCount: Int { 4 * classes }

  func update(_ state: inout [Double], with batch: MetricBatch) {
    guard batch.classes == classes, batch.truth.count == batch.prediction.count else { return }
    for row in 0..<batch.rows {
      let range = row * classes..<(row + 1) * classes
      let largest = batch.prediction[range].max() ?? 0
      for column in 0..<classes {
        let score = batch.prediction[range.lowerBound + column]
        let found = threshold.map { score > $0 } ?? (score >= largest && abs(score) > 1e-9)
        let right = Double(batch.truth[range.lowerBound + column])
        let weight = batch.weight(row)
        state[column] += found ? right * weight : 0
        state[classes + column] += found ? (1 - right) * weight : 0
        state[2 * classes + column] += found ? 0 : right * weight
        state[3 * classes + column] += right * weight
      }
    }
  }

  func results(_ state: [Double]) -> [Double] {
    func score(_ tp: Double, _ fp: Double, _ fn: Double) -> Double {
      let (precision, recall) = (tp / (tp + fp + kerasEpsilon), tp / (tp + fn + kerasEpsilon))
      return precision * recall / (beta * beta * precision + recall + kerasEpsilon) * (1 + beta * beta)
    }
    func sum(_ part: Int) -> Double { state[part * classes..<(part + 1) * classes].reduce(0, +) }
    let scores = (0..<classes).map { score(state[$0], state[classes + $0], state[2 * classes + $0]) }
    switch average {
    case "micro": return [score(sum(0), sum(1), sum(2))]
    case "macro": return [scores.reduce(0, +) / Double(classes)]
    case "weighted":
      let whole = sum(3) + kerasEpsilon
      return [(0..<classes).reduce(0) { $0 + scores[$1] * state[3 * classes + $1] / whole }]
    default: return scores
    }
  }
}
