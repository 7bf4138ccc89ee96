import ArgumentParser
import KerasKit

/// `--early-stopping`: a metric and settings, all of which may be left out.
struct EarlyStoppingArgument: ExpressibleByArgument, Sendable {
  let value: EarlyStopping

  init?(argument: String) {
    guard var settings = CallbackSettings(argument) else { return nil }
    var stopping = EarlyStopping(settings.monitor)
    stopping.patience = settings.integer("patience", else: 0)
    stopping.minDelta = settings.number("min_delta", else: 0)
    stopping.startFromEpoch = settings.integer("start_from_epoch", else: 0)
    stopping.restoresBest = settings.flag("restore_best") || settings.flag("restore_best_weights")
    if settings.has("baseline") { stopping.baseline = settings.number("baseline", else: 0) }
    guard settings.isUsedUp else { return nil }
    value = stopping
  }
}

/// `--reduce-on-plateau`: a metric and settings, all of which may be left out.
struct ReduceOnPlateauArgument: ExpressibleByArgument, Sendable {
  let value: ReduceLROnPlateau

  init?(argument: String) {
    guard var settings = CallbackSettings(argument) else { return nil }
    var reduction = ReduceLROnPlateau(settings.monitor)
    reduction.factor = settings.number("factor", else: reduction.factor)
    reduction.patience = settings.integer("patience", else: reduction.patience)
    reduction.minDelta = settings.number("min_delta", else: reduction.minDelta)
    reduction.cooldown = settings.integer("cooldown", else: 0)
    reduction.minLearningRate = settings.number("min_lr", else: 0)
    guard settings.isUsedUp, reduction.factor > 0, reduction.factor < 1 else { return nil }
    value = reduction
  }
}

/// `METRIC,name=value,flag`: the settings of a callback, taken out one by one.
private struct CallbackSettings {
  private(set) var monitor = Monitor()
  private var values: [String: String] = [:]
  private var isWrong = false

  init?(_ text: String) {
    for (index, part) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
      let pair = part.split(separator: "=", maxSplits: 1).map { String($0).trimmingSpaces }
      if pair.count == 2 {
        guard values.updateValue(pair[1], forKey: pair[0]) == nil else { return nil }
      } else if pair.count == 1, index == 0, !pair[0].hasPrefix("restore_best") {
        if pair[0] != "auto" { monitor.name = pair[0] }
      } else if pair.count == 1 {
        values[pair[0]] = "true"
      } else {
        return nil
      }
    }
    if let mode = values.removeValue(forKey: "mode") {
      guard let known = Monitor.Mode(rawValue: mode) else { return nil }
      monitor.mode = known
    }
  }

  func has(_ name: String) -> Bool { values[name] != nil }

  mutating func number(_ name: String, else standard: Double) -> Double {
    guard let text = values.removeValue(forKey: name) else { return standard }
    guard let number = Double(text), number.isFinite else {
      isWrong = true
      return standard
    }
    return number
  }

  mutating func integer(_ name: String, else standard: Int) -> Int {
    guard let text = values.removeValue(forKey: name) else { return standard }
    guard let number = Int(text), number >= 0 else {
      isWrong = true
      return standard
    }
    return number
  }

  mutating func flag(_ name: String) -> Bool {
    guard let text = values.removeValue(forKey: name) else { return false }
    if !["true", "false"].contains(text.lowercased()) { isWrong = true }
    return text.lowercased() == "true"
  }

  /// Whether every setting was known and of the right kind.
  var isUsedUp: Bool { values.isEmpty && !isWrong }
}

extension String {
  fileprivate var trimmingSpaces: String {
    var rest = self[...]
    while rest.first == " " { rest.removeFirst() }
    while rest.last == " " { rest.removeLast() }
    return String(rest)
  }
}

/// `--checkpoint-every`: `100steps`, `2epochs`, or a number, which counts epochs.
struct CheckpointInterval: ExpressibleByArgument, Sendable {
  let value: CheckpointOptions.Interval

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int(digits), count > 0 else { return nil }
    switch argument[digits.endIndex...].drop(while: { $0 == " " }) {
    case "steps", "step": value = .steps(count)
    case "epochs", "epoch", "": value = .epochs(count)
    default: return nil
    }
  }
}
