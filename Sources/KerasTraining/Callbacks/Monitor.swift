/// What a callback watches, and in which direction it is better.
public struct Monitor: Sendable, Hashable {
  public enum Mode: String, Sendable, Hashable, CaseIterable { case auto, min, max }

  /// `loss`, `val_loss`, a metric's name, or one with `val_` before it; `nil` is `val_loss` with validation data, else `loss`.
  public var name: String?
  public var mode: Mode

  public init(_ name: String? = nil, mode: Mode = .auto) {
    self.name = name
    self.mode = mode
  }

  /// Parts of the names of metrics that are better when they are larger, as Keras' `_direction` says of each.
  private static let rising = [
    "acc", "auc", "precision", "recall", "sensitivity", "specificity", "f1_score", "fbeta", "io_u", "iou", "r2_score",
    "cosine_similarity", "correlation", "true_positives", "true_negatives",
  ]

  func resolvedName(hasValidation: Bool) -> String { name ?? (hasValidation ? "val_loss" : "loss") }

  func isRising(_ name: String) -> Bool {
    switch mode {
    case .min: return false
    case .max: return true
    case .auto:
      let lower = name.lowercased()
      return !lower.hasSuffix("loss") && Self.rising.contains { lower.contains($0) }
    }
  }

  /// Keras 3's comparison, in float32: the value, its improvement reduced by `minDelta`, against the best.
  func isBetter(_ value: Double, than reference: Double?, named name: String, minDelta: Double) -> Bool {
    guard let reference else { return true }
    let delta = abs(minDelta)
    return isRising(name) ? Float(value - delta) > Float(reference) : Float(value + delta) < Float(reference)
  }
}

extension TrainingHistory.Epoch {
  /// The values that callbacks can watch, under Keras' names.
  public var values: [(name: String, value: Double)] {
    var result: [(name: String, value: Double)] = []
    for (prefix, evaluation) in [("", training), ("val_", validation)] {
      guard let evaluation else { continue }
      result.append((prefix + "loss", evaluation.loss))
      if evaluation.outputLosses.count > 1 {
        result += evaluation.outputLosses.map { (prefix + $0.name + "_loss", $0.value) }
      }
      result += evaluation.metrics.map { (prefix + $0.name, $0.value) }
    }
    return result
  }

  func value(of name: String) throws(TrainingError) -> Double {
    let values = values
    guard let found = values.first(where: { $0.name == name }) else {
      throw .unknownMonitor(name, available: values.map(\.name))
    }
    return found.value
  }
}
