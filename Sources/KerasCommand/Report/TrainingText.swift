import KerasKit

/// Where training stands, in one line.
enum TrainingText {
  static func line(_ progress: TrainingProgress) -> String {
    let training = progress.training
    var parts = ["loss \(NumberText.short(training.loss))"]
    if !training.penalties.isEmpty, training.loss != 0 {
      parts.append("regularization \(NumberText.percent(training.penalty / training.loss))")
    }
    for (name, value) in training.metrics { parts.append("\(name) \(NumberText.short(value))") }
    if let validation = progress.validation {
      parts.append("val_loss \(NumberText.short(validation.loss))")
      for (name, value) in validation.metrics { parts.append("val_\(name) \(NumberText.short(value))") }
    }
    parts.append("\(NumberText.grouped(Int(min(progress.samplesPerSecond, 1e12)))) samples/s")
    return parts.joined(separator: "  ")
  }
}
