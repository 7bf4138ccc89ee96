import KerasKit

/// Where training stands, in one line.
enum TrainingText {
  static func line(_ progress: TrainingProgress) -> String {
    var parts = losses(progress.training, prefix: "")
    if let validation = progress.validation { parts += losses(validation, prefix: "val_") }
    parts.append("\(NumberText.grouped(Int(min(progress.samplesPerSecond, 1e12)))) samples/s")
    return parts.joined(separator: "  ")
  }

  /// The loss with its two parts where there is regularization, and the metrics.
  private static func losses(_ evaluation: Evaluation, prefix: String) -> [String] {
    var loss = "\(prefix)loss \(NumberText.short(evaluation.loss))"
    if !evaluation.penalties.isEmpty {
      loss +=
        " (data \(NumberText.short(evaluation.dataLoss)), regularization \(NumberText.short(evaluation.penalty)))"
    }
    return [loss] + evaluation.metrics.map { "\(prefix)\($0.name) \(NumberText.short($0.value))" }
  }

  /// `0:05`, `12:34`, `1:02:03`.
  static func duration(_ seconds: Double) -> String {
    let total = Int(max(0, min(seconds, 1e9)))
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (hours, minutes) = (total / 3600, total / 60 % 60)
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(total % 60))" : "\(minutes):\(two(total % 60))"
  }
}
