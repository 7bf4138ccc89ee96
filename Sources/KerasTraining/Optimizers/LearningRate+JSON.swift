import KerasCore

extension LearningRate {
  /// As Keras 3 serializes it: a number, or a schedule's class and config.
  public var json: JSON {
    func schedule(_ className: String, _ config: JSON) -> JSON {
      var config = config
      config["name"] = .string(className)
      return [
        "module": "keras.optimizers.schedules", "class_name": .string(className), "config": config,
        "registered_name": nil,
      ]
    }
    switch self {
    case .constant(let rate): return .number(rate)
    case .timeDecay(let rate, let decay, let steps, let isStaircase):
      return schedule(
        "InverseTimeDecay",
        [
          "initial_learning_rate": .number(rate), "decay_steps": Self.count(steps), "decay_rate": .number(decay),
          "staircase": .bool(isStaircase),
        ])
    case .exponentialDecay(let rate, let decay, let steps, let isStaircase):
      return schedule(
        "ExponentialDecay",
        [
          "initial_learning_rate": .number(rate), "decay_steps": Self.count(steps), "decay_rate": .number(decay),
          "staircase": .bool(isStaircase),
        ])
    case .piecewise(let boundaries, let values):
      return schedule(
        "PiecewiseConstantDecay",
        ["boundaries": .array(boundaries.map { Self.count($0) }), "values": .array(values.map { .number($0) })])
    case .polynomialDecay(let rate, let end, let steps, let power, let cycles):
      return schedule(
        "PolynomialDecay",
        [
          "initial_learning_rate": .number(rate), "decay_steps": Self.count(steps), "end_learning_rate": .number(end),
          "power": .number(power), "cycle": .bool(cycles),
        ])
    case .cosineDecay(let rate, let alpha, let steps, let warmupSteps, let warmupTarget):
      return schedule(
        "CosineDecay",
        [
          "initial_learning_rate": .number(rate), "decay_steps": Self.count(steps), "alpha": .number(alpha),
          "warmup_target": warmupTarget.map { .number($0) } ?? .null, "warmup_steps": Self.count(warmupSteps),
        ])
    case .cosineRestarts(let rate, let alpha, let steps, let growth, let height):
      return schedule(
        "CosineDecayRestarts",
        [
          "initial_learning_rate": .number(rate), "first_decay_steps": Self.count(steps), "t_mul": .number(growth),
          "m_mul": .number(height), "alpha": .number(alpha),
        ])
    case .linearCosineDecay(let rate, let alpha, let beta, let steps, let periods):
      return schedule(
        "LinearCosineDecay",
        [
          "initial_learning_rate": .number(rate), "decay_steps": Self.count(steps), "num_periods": .number(periods),
          "alpha": .number(alpha), "beta": .number(beta),
        ])
    }
  }
  private static func count(_ value: Double) -> JSON {
    Int64(exactly: value).map { .integer($0) } ?? .number(value)
  }
}
