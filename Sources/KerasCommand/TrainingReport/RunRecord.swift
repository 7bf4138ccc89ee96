import KerasKit

/// What a training reported, kept small: some hundred points of the curves, and each epoch.
struct RunRecord {
  struct Point {
    /// Epochs made so far, parts of one included.
    var epoch: Double
    var training: Evaluation
  }

  private(set) var points: [Point] = []
  private(set) var epochs: [(epoch: Int, training: Evaluation, validation: Evaluation?, learningRate: Double)] = []
  private(set) var samplesPerSecond = 0.0
  private(set) var steps = 0
  private var stride = 1

  private static let limit = 400

  /// Begins behind what a run had made when its checkpoint was written.
  init(_ run: TrainingRun) {
    steps = run.epochsDone * run.steps + run.stepsDone
    for (index, epoch) in run.history.epochs.enumerated() {
      epochs.append((index + 1, epoch.training, epoch.validation, epoch.learningRate))
      points.append(Point(epoch: Double(index + 1), training: epoch.training))
    }
  }

  mutating func add(_ progress: TrainingProgress) {
    steps += 1
    samplesPerSecond = progress.samplesPerSecond
    if steps % stride == 0 || progress.isEndOfEpoch {
      let part = Double(progress.step) / Double(max(progress.steps, 1))
      points.append(Point(epoch: Double(progress.epoch - 1) + part, training: progress.training))
    }
    if points.count > Self.limit {
      points = points.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
      stride *= 2
    }
    guard progress.isEndOfEpoch else { return }
    epochs.append((progress.epoch, progress.training, progress.validation, progress.learningRate))
  }

  /// A value of the training: at the ends of epochs, or within them where there are few.
  func curve(_ value: (Evaluation) -> Double?) -> [(x: Double, y: Double)] {
    if epochs.count > 2 {
      return epochs.compactMap { epoch in value(epoch.training).map { (Double(epoch.epoch), $0) } }
    }
    return points.compactMap { point in value(point.training).map { (point.epoch, $0) } }
  }

  func validationCurve(_ value: (Evaluation) -> Double?) -> [(x: Double, y: Double)] {
    epochs.compactMap { epoch in epoch.validation.flatMap(value).map { (Double(epoch.epoch), $0) } }
  }
}
