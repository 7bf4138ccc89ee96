import Foundation
import KerasModel

/// True and false positives and negatives at thresholds, as `metrics_utils.update_confusion_matrix_variables` counts them.
///
/// A prediction is positive where it is greater than the threshold; every element counts with its position's weight.
struct ConfusionCounts: Sendable {
  /// Where each count begins in the state: true positives, false positives, true negatives, false negatives, each per
  /// threshold, with `labels` per threshold and label.
  let thresholds: [Float]
  let labels: Int
  var topK: Int?
  var classID: Int?
  /// Equal steps from 0 to 1, whose outermost may lie a little outside: predictions are put into buckets.
  let isEven: Bool

  init(thresholds: [Double], labels: Int = 1, topK: Int? = nil, classID: Int? = nil) {
    self.thresholds = thresholds.map { Float($0) }
    self.labels = labels
    self.topK = topK
    self.classID = classID
    let last = Double(thresholds.count - 1)
    isEven =
      thresholds.count >= 3
      && thresholds.enumerated().allSatisfy { abs($1 - Double($0) / last) <= 1e-7 + 1e-5 * Double($0) / last + 1e-9 }
  }

  var stateCount: Int { 4 * thresholds.count * labels }

  enum Kind: Int { case truePositive, falsePositive, trueNegative, falseNegative }

  func counts(_ kind: Kind, _ state: [Double], label: Int = 0) -> [Double] {
    let size = thresholds.count * labels
    return thresholds.indices.map { state[kind.rawValue * size + $0 * labels + label] }
  }

  func update(_ state: inout [Double], with batch: MetricBatch, labelWeights: [Double]? = nil, sigmoid: Bool = false) {
    // Weights by the number of thresholds below the score, then summed from the highest.
    let width = thresholds.count + 1
    var right = [Double](repeating: 0, count: width * labels)
    var wrong = right
    for row in 0..<batch.rows {
      let first = row * batch.classes
      let scores = batch.prediction[first..<first + batch.classes]
      let kept = topK.map { Self.largest($0, of: scores) }
      for column in classID.map({ $0..<$0 + 1 }) ?? 0..<batch.classes where (0..<batch.classes).contains(column) {
        let isTrue = batch.hasIndices ? Int(batch.truth[row]) == column : batch.truth[first + column] != 0
        var score = scores[first + column]
        if sigmoid { score = 1 / (1 + exp(-score)) }
        if let kept, !kept.contains(column) { score = -1e10 }
        let weight = batch.weight(row) * (labelWeights.map { $0[min(column, $0.count - 1)] } ?? 1)
        let place = (labels > 1 ? min(column, labels - 1) : 0) * width + positiveCount(score)
        if isTrue { right[place] += weight } else { wrong[place] += weight }
      }
    }
    let size = thresholds.count * labels
    for label in 0..<labels {
      for (sums, positive, negative) in [
        (right, Kind.truePositive, Kind.falseNegative), (wrong, .falsePositive, .trueNegative),
      ] {
        let own = sums[label * width..<(label + 1) * width]
        let total = own.reduce(0, +)
        var above = 0.0
        for index in thresholds.indices.reversed() {
          above += own[own.startIndex + index + 1]
          state[positive.rawValue * size + index * labels + label] += above
          state[negative.rawValue * size + index * labels + label] += total - above
        }
      }
    }
  }

  /// How many thresholds, from the lowest, a score is above.
  private func positiveCount(_ score: Float) -> Int {
    guard isEven else {
      let above = thresholds.count { score > $0 }
      return above
    }
    let last = Float(thresholds.count - 1)
    let bucket = Int((min(max(score.isNaN ? 0 : score, 0), 1) * last).rounded(.up)) - 1
    return (thresholds[0] < 0 ? max(bucket, 0) : bucket) + 1
  }

  private static func largest(_ count: Int, of scores: ArraySlice<Float>) -> Set<Int> {
    let order = scores.indices.sorted { scores[$0] > scores[$1] || scores[$0] == scores[$1] && $0 < $1 }
    return Set(order.prefix(count).map { $0 - scores.startIndex })
  }

  /// `number` thresholds from 0 to 1; 0.5 alone for one.
  static func evenThresholds(_ number: Int) -> [Double] {
    number == 1 ? [0.5] : (0..<number).map { Double($0) / Double(number - 1) }
  }
}

/// The thresholds of a config, sorted only for `AUC`.
private func thresholds(_ config: MetricConfig) -> [Double] {
  config.doubles("thresholds").flatMap { $0.isEmpty ? nil : $0 }
    ?? [config.optionalInt("top_k") == nil ? 0.5 : -1e10]
}

private func confusion(_ config: MetricConfig) throws(TrainingError) -> ConfusionCounts {
  let thresholds = thresholds(config)
  guard thresholds == thresholds.sorted() || thresholds.count < 3 else {
    throw .unsupported(field: "metrics", reason: "thresholds that do not rise")
  }
  return ConfusionCounts(
    thresholds: thresholds.sorted(), topK: config.optionalInt("top_k"), classID: config.optionalInt("class_id"))
}

/// A metric whose state is counts of the four kinds at its thresholds.
protocol ConfusionMetric: StreamingMetric {
  var counts: ConfusionCounts { get }
}

extension ConfusionMetric {
  var stateCount: Int { counts.stateCount }
  func update(_ state: inout [Double], with batch: MetricBatch) { counts.update(&state, with: batch) }
}

/// A count of one of the four kinds.
struct ConfusionCount: ConfusionMetric {
  static let names = [
    "TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives", "true_positives", "false_positives",
    "true_negatives", "false_negatives",
  ]
  let counts: ConfusionCounts
  private let kind: ConfusionCounts.Kind

  init(_ config: MetricConfig, classes: Int) throws(TrainingError) { try self.init(config, kind: .truePositive) }

  init(_ config: MetricConfig, kind: ConfusionCounts.Kind) throws(TrainingError) {
    counts = try confusion(config)
    self.kind = kind
  }

  static func kind(named name: String) -> ConfusionCounts.Kind {
    switch name.lowercased().filter({ $0 != "_" }) {
    case "falsepositives": .falsePositive
    case "truenegatives": .trueNegative
    case "falsenegatives": .falseNegative
    default: .truePositive
    }
  }

  func results(_ state: [Double]) -> [Double] { counts.counts(kind, state) }
}

struct Precision: ConfusionMetric {
  static let names = ["Precision", "precision"]
  let counts: ConfusionCounts

  init(_ config: MetricConfig, classes: Int) throws(TrainingError) { counts = try confusion(config) }

  func results(_ state: [Double]) -> [Double] {
    zip(counts.counts(.truePositive, state), counts.counts(.falsePositive, state)).map { quotientOrZero($0, $0 + $1) }
  }
}

struct Recall: ConfusionMetric {
  static let names = ["Recall", "recall"]
  let counts: ConfusionCounts

  init(_ config: MetricConfig, classes: Int) throws(TrainingError) { counts = try confusion(config) }

  func results(_ state: [Double]) -> [Double] {
    zip(counts.counts(.truePositive, state), counts.counts(.falseNegative, state)).map { quotientOrZero($0, $0 + $1) }
  }
}

/// The best of one rate among the thresholds at which another is at least a value.
struct RateAtRate: ConfusionMetric {
  enum Kind: String {
    case sensitivityatspecificity, specificityatsensitivity, precisionatrecall, recallatprecision
  }

  static let names = ["SensitivityAtSpecificity", "SpecificityAtSensitivity", "PrecisionAtRecall", "RecallAtPrecision"]
  let counts: ConfusionCounts
  private let kind: Kind
  private let value: Double

  init(_ config: MetricConfig, classes: Int) throws(TrainingError) {
    try self.init(config, kind: .sensitivityatspecificity)
  }

  init(_ config: MetricConfig, kind: Kind) throws(TrainingError) {
    self.kind = kind
    let field =
      switch kind {
      case .sensitivityatspecificity: "specificity"
      case .specificityatsensitivity: "sensitivity"
      case .precisionatrecall: "recall"
      case .recallatprecision: "precision"
      }
    guard let value = config.fields[field]?.doubleValue else {
      throw .unsupported(field: "metrics", reason: "\(kind.rawValue) without \(field)")
    }
    self.value = value
    counts = ConfusionCounts(
      thresholds: ConfusionCounts.evenThresholds(try config.count("num_thresholds", default: 200)),
      classID: config.optionalInt("class_id"))
  }

  func results(_ state: [Double]) -> [Double] {
    let (tp, fp) = (counts.counts(.truePositive, state), counts.counts(.falsePositive, state))
    let (tn, fn) = (counts.counts(.trueNegative, state), counts.counts(.falseNegative, state))
    let pairs = tp.indices.map { i -> (given: Double, wanted: Double) in
      let recall = quotientOrZero(tp[i], tp[i] + fn[i])
      let specificity = quotientOrZero(tn[i], tn[i] + fp[i])
      let precision = quotientOrZero(tp[i], tp[i] + fp[i])
      switch kind {
      case .sensitivityatspecificity: return (specificity, recall)
      case .specificityatsensitivity: return (recall, specificity)
      case .precisionatrecall: return (recall, precision)
      case .recallatprecision: return (precision, recall)
      }
    }
    // Keras compares in float32.
    return [pairs.filter { Float($0.given) >= Float(value) }.map(\.wanted).max() ?? 0]
  }
}
