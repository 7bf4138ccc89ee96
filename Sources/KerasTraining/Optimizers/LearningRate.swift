import Foundation
import KerasCore

/// A learning rate, constant or a schedule over the optimizer's iterations (from 0).
///
/// Schedules are Keras 3's formulas; `timeDecay` is also the old optimizers' `decay` argument.
public enum LearningRate: Sendable, Hashable {
  case constant(Double)
  /// rate / (1 + decay·(t / steps)), t/steps rounded down with `isStaircase`.
  case timeDecay(rate: Double, decay: Double, steps: Double, isStaircase: Bool)
  case exponentialDecay(rate: Double, decay: Double, steps: Double, isStaircase: Bool)
  case piecewise(boundaries: [Double], values: [Double])
  case polynomialDecay(rate: Double, end: Double, steps: Double, power: Double, cycles: Bool)
  case cosineDecay(rate: Double, alpha: Double, steps: Double, warmupSteps: Double, warmupTarget: Double?)
  /// Cosine periods from `steps` on, each `growth` times as long and `height` times as high as the one before.
  case cosineRestarts(rate: Double, alpha: Double, steps: Double, growth: Double, height: Double)
  /// tf.keras' `experimental.LinearCosineDecay` of 1.14 to 2.8.
  case linearCosineDecay(rate: Double, alpha: Double, beta: Double, steps: Double, periods: Double)

  /// Reads a number or a serialized schedule; throws `TrainingError.unsupported`.
  init(_ json: JSON, default standard: Double) throws(TrainingError) {
    if let rate = json.doubleValue {
      self = .constant(rate)
      return
    }
    guard let name = json["class_name"]?.stringValue else {
      guard json.isNull else {
        throw .unsupported(field: "learning_rate", reason: "expected a number or a schedule, received \(json.text())")
      }
      self = .constant(standard)
      return
    }
    let config = OptimizerConfig(className: name, fields: json["config"] ?? .null)
    let rate = config.double("initial_learning_rate", default: standard)
    let steps = config.double("decay_steps", default: 1)
    let decay = config.double("decay_rate", default: 1)
    let firstSteps = config.double("first_decay_steps", default: 1)
    guard steps > 0, firstSteps > 0 else {
      throw .unsupported(field: "learning_rate", reason: "a schedule over \(min(steps, firstSteps)) steps")
    }
    switch config.className {
    case "InverseTimeDecay":
      self = .timeDecay(rate: rate, decay: decay, steps: steps, isStaircase: config.bool("staircase"))
    case "ExponentialDecay":
      self = .exponentialDecay(rate: rate, decay: decay, steps: steps, isStaircase: config.bool("staircase"))
    case "PiecewiseConstantDecay":
      let boundaries = (config.fields["boundaries"]?.arrayValue ?? []).compactMap(\.doubleValue)
      let values = (config.fields["values"]?.arrayValue ?? []).compactMap(\.doubleValue)
      guard values.count == boundaries.count + 1 else {
        throw .unsupported(
          field: "learning_rate", reason: "a PiecewiseConstantDecay needs one value more than boundaries")
      }
      self = .piecewise(boundaries: boundaries, values: values)
    case "PolynomialDecay":
      self = .polynomialDecay(
        rate: rate, end: config.double("end_learning_rate", default: 0.0001), steps: steps,
        power: config.double("power", default: 1), cycles: config.bool("cycle"))
    case "CosineDecay":
      self = .cosineDecay(
        rate: rate, alpha: config.double("alpha", default: 0), steps: steps,
        warmupSteps: config.double("warmup_steps", default: 0), warmupTarget: config.optionalDouble("warmup_target"))
    case "CosineDecayRestarts":
      self = .cosineRestarts(
        rate: rate, alpha: config.double("alpha", default: 0),
        steps: firstSteps, growth: config.double("t_mul", default: 2),
        height: config.double("m_mul", default: 1))
    case "LinearCosineDecay":
      self = .linearCosineDecay(
        rate: rate, alpha: config.double("alpha", default: 0), beta: config.double("beta", default: 0.001),
        steps: steps, periods: config.double("num_periods", default: 0.5))
    default: throw .unsupported(field: "learning_rate", reason: "unknown schedule '\(config.className)'")
    }
  }

  /// The rate that a constant or an old optimizer's `decay` begins with, which may be set; `nil` for schedules.
  var base: Double? {
    get {
      switch self {
      case .constant(let rate): rate
      case .timeDecay(let rate, _, steps: 1, isStaircase: false): rate
      default: nil
      }
    }
    set {
      guard let newValue else { return }
      switch self {
      case .constant: self = .constant(newValue)
      case .timeDecay(_, let decay, steps: 1, isStaircase: false):
        self = .timeDecay(rate: newValue, decay: decay, steps: 1, isStaircase: false)
      default: break
      }
    }
  }

  /// The rate at iteration `t`, counted from 0.
  public func value(at t: Int) -> Double {
    let t = Double(t)
    switch self {
    case .constant(let rate): return rate
    case .timeDecay(let rate, let decay, let steps, let isStaircase):
      return rate / (1 + decay * (isStaircase ? (t / steps).rounded(.down) : t / steps))
    case .exponentialDecay(let rate, let decay, let steps, let isStaircase):
      return rate * pow(decay, isStaircase ? (t / steps).rounded(.down) : t / steps)
    case .piecewise(let boundaries, let values):
      return values[boundaries.firstIndex { t <= $0 } ?? values.count - 1]
    case .polynomialDecay(let rate, let end, let steps, let power, let cycles):
      let span = cycles ? steps * max(1, (t / steps).rounded(.up)) : steps
      return (rate - end) * pow(1 - min(t, span) / span, power) + end
    case .cosineDecay(let rate, let alpha, let steps, let warmupSteps, let warmupTarget):
      var (start, position) = (rate, t)
      if let warmupTarget {
        if t < warmupSteps { return rate + (warmupTarget - rate) * t / warmupSteps }
        start = warmupTarget
        position = t - warmupSteps
      }
      let cosine = 0.5 * (1 + cos(Double.pi * min(position, steps) / steps))
      return start * ((1 - alpha) * cosine + alpha)
    case .cosineRestarts(let rate, let alpha, let steps, let growth, let height):
      let completed = t / steps
      var (period, fraction) = (0.0, 0.0)
      if growth == 1 {
        period = completed.rounded(.down)
        fraction = completed - period
      } else {
        period = (log(1 - completed * (1 - growth)) / log(growth)).rounded(.down)
        let past = (1 - pow(growth, period)) / (1 - growth)
        fraction = (completed - past) / pow(growth, period)
      }
      let cosine = 0.5 * pow(height, period) * (1 + cos(Double.pi * fraction))
      return rate * ((1 - alpha) * cosine + alpha)
    case .linearCosineDecay(let rate, let alpha, let beta, let steps, let periods):
      let done = min(t, steps) / steps
      let cosine = 0.5 * (1 + cos(Double.pi * 2 * periods * done))
      return rate * ((alpha + 1 - done) * cosine + beta)
    }
  }
}
