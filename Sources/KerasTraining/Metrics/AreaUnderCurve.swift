import Foundation
import KerasModel

/// `AUC`: the area under the ROC, precision-recall or precision-recall-gain curve through a number of thresholds.
struct AreaUnderCurve: StreamingMetric {
  static let names = ["AUC", "auc"]
  private enum Curve { case roc, precisionRecall, gain }
  private enum Summation { case interpolation, majoring, minoring }
  private let counts: ConfusionCounts
  private let curve: Curve
  private let summation: Summation
  private let labelWeights: [Double]?
  private let isMultiLabel: Bool
  private let fromLogits: Bool

  init(_ config: MetricConfig, classes: Int) throws(TrainingError) {
    switch (config.string("curve") ?? "ROC").lowercased() {
    case "roc": curve = .roc
    case "pr": curve = .precisionRecall
    case "prgain": curve = .gain
    case let other: throw .unsupported(field: "metrics", reason: "AUC of the curve '\(other)'")
    }
    switch (config.string("summation_method") ?? "interpolation").lowercased() {
    case "interpolation": summation = .interpolation
    case "majoring": summation = .majoring
    case "minoring": summation = .minoring
    case let other: throw .unsupported(field: "metrics", reason: "AUC with summation_method '\(other)'")
    }
    isMultiLabel = config.bool("multi_label")
    labelWeights = config.doubles("label_weights").flatMap { $0.isEmpty ? nil : $0 }
    fromLogits = config.bool("from_logits")
    var inner: [Double]
    if let stated = config.doubles("thresholds") {
      inner = stated.sorted()
    } else {
      let number = try config.count("num_thresholds", default: 200)
      guard number > 1 else { throw .unsupported(field: "metrics", reason: "AUC with 1 threshold") }
      inner = (1..<max(number - 1, 1)).map { Double($0) / Double(number - 1) }
    }
    inner = [-kerasEpsilon] + inner + [1 + kerasEpsilon]
    counts = ConfusionCounts(thresholds: inner, labels: isMultiLabel ? max(classes, 1) : 1)
  }

  var stateCount: Int { counts.stateCount }

  func update(_ state: inout [Double], with batch: MetricBatch) {
    counts.update(&state, with: batch, labelWeights: isMultiLabel ? nil : labelWeights, sigmoid: fromLogits)
  }

  func results(_ state: [Double]) -> [Double] {
    let areas = (0..<counts.labels).map { area(state, label: $0) }
    guard isMultiLabel else { return [areas[0]] }
    guard let labelWeights, labelWeights.count == areas.count else {
      return [areas.reduce(0, +) / Double(areas.count)]
    }
    return [quotientOrZero(zip(areas, labelWeights).reduce(0) { $0 + $1.0 * $1.1 }, labelWeights.reduce(0, +))]
  }

  private func area(_ state: [Double], label: Int) -> Double {
    let tp = counts.counts(.truePositive, state, label: label)
    let fp = counts.counts(.falsePositive, state, label: label)
    let tn = counts.counts(.trueNegative, state, label: label)
    let fn = counts.counts(.falseNegative, state, label: label)
    if curve == .precisionRecall, summation == .interpolation { return interpolated(tp, fp, fn) }
    var (x, y): ([Double], [Double]) = ([], [])
    for i in tp.indices {
      let recall = quotientOrZero(tp[i], tp[i] + fn[i])
      switch curve {
      case .roc:
        x.append(quotientOrZero(fp[i], fp[i] + tn[i]))
        y.append(recall)
      case .precisionRecall:
        x.append(recall)
        y.append(quotientOrZero(tp[i], tp[i] + fp[i]))
      case .gain:
        let scale = quotientOrZero(tp[i] + fn[i], tn[i] + fp[i])
        x.append(tp[i] == 0 ? 0 : max(1 - scale * quotientOrZero(fn[i], tp[i]), 0))
        y.append(tp[i] == 0 ? 1 : 1 - scale * quotientOrZero(fp[i], tp[i]))
      }
    }
    return (1..<x.count).reduce(0) { sum, i in
      let height =
        switch summation {
        case .interpolation: (y[i - 1] + y[i]) / 2
        case .majoring: max(y[i - 1], y[i])
        case .minoring: min(y[i - 1], y[i])
        }
      return sum + (x[i - 1] - x[i]) * height
    }
  }

  /// Davis and Goadrich's interpolation of precision.
  private func interpolated(_ tp: [Double], _ fp: [Double], _ fn: [Double]) -> Double {
    (1..<tp.count).reduce(0) { sum, i in
      let (before, after) = (tp[i - 1] + fp[i - 1], tp[i] + fp[i])
      let change = tp[i - 1] - tp[i]
      let slope = quotientOrZero(change, max(before - after, 0))
      let intercept = tp[i] - slope * after
      let ratio = before > 0 && after > 0 ? quotientOrZero(before, max(after, 0)) : 1
      return sum + quotientOrZero(slope * (change + intercept * log(ratio)), max(tp[i] + fn[i], 0))
    }
  }
}
