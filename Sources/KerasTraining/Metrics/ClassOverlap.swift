import KerasModel

/// `IoU` and its relatives: the mean intersection over union of classes, from a confusion matrix.
struct ClassOverlap: StreamingMetric {
  static let names = ["IoU", "BinaryIoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"]
  private let classCount: Int
  private let targets: [Int]
  private let ignoredClass: Int?
  private let isSparseTruth: Bool
  private let isSparsePrediction: Bool
  /// `BinaryIoU` compares predictions with it.
  private let threshold: Float?

  init(_ config: MetricConfig, classes: Int) throws(TrainingError) { try self.init(config, name: "MeanIoU") }

  init(_ config: MetricConfig, name: String) throws(TrainingError) {
    let isBinary = name.lowercased().hasPrefix("binary")
    let isOneHot = name.lowercased().hasPrefix("onehot")
    classCount = isBinary ? 2 : try config.count("num_classes", default: 0)
    guard classCount <= 10_000 else { throw .unsupported(field: "metrics", reason: "\(classCount) classes") }
    let all = Array(0..<classCount)
    targets =
      name.lowercased().contains("mean")
      ? all : config.doubles("target_class_ids").map { $0.compactMap { Int(exactly: $0) } } ?? all
    guard targets.allSatisfy({ all.contains($0) }) else {
      throw .unsupported(field: "metrics", reason: "\(name) with target_class_ids beyond \(classCount) classes")
    }
    ignoredClass = config.optionalInt("ignore_class")
    isSparseTruth = isOneHot ? false : config.bool("sparse_y_true", default: true)
    isSparsePrediction = config.bool("sparse_y_pred", default: !isOneHot)
    threshold = isBinary ? Float(config.double("threshold", default: 0.5)) : nil
  }

  var stateCount: Int { classCount * classCount }
  var takesIndices: Bool { isSparseTruth }

  func update(_ state: inout [Double], with batch: MetricBatch) {
    /// Classes in the order of the positions, and for each the row whose weight it has.
    func classes(_ values: [Float], isSparse: Bool, cut: Bool) -> [Int] {
      if isSparse {
        return values.map { value in
          if cut, let threshold { return value >= threshold ? 1 : 0 }
          return value.isFinite && abs(value) < 1e9 ? Int(value) : -1
        }
      }
      return (0..<values.count / max(batch.classes, 1)).map {
        largestIndex(values[$0 * batch.classes..<($0 + 1) * batch.classes])
      }
    }
    let truth = classes(batch.truth, isSparse: isSparseTruth, cut: false)
    let prediction = classes(batch.prediction, isSparse: isSparsePrediction, cut: true)
    guard truth.count == prediction.count else { return }
    let perRow = max(truth.count / max(batch.rows, 1), 1)
    for (index, (right, found)) in zip(truth, prediction).enumerated() {
      guard (0..<classCount).contains(right), (0..<classCount).contains(found), right != ignoredClass else { continue }
      // The matrix is of whole numbers in Keras 3, weights too.
      state[right * classCount + found] += batch.weights == nil ? 1 : batch.weight(index / perRow)
    }
  }

  func results(_ state: [Double]) -> [Double] {
    var (sum, count) = (0.0, 0.0)
    for id in targets {
      let hit = state[id * classCount + id]
      let row = (0..<classCount).reduce(0) { $0 + state[id * classCount + $1] }
      let column = (0..<classCount).reduce(0) { $0 + state[$1 * classCount + id] }
      let union = row + column - hit
      guard union > 1e-9 else { continue }
      sum += hit / (union + kerasEpsilon)
      count += 1
    }
    return [sum / (count + kerasEpsilon)]
  }
}
