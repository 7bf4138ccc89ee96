import KerasGraph

/// The statistics of a batch, and what they make of the moving ones under a release's rules.
struct BatchStatistics {
  let layer: BatchNormalization
  /// The axis that keeps its size, counted from the front.
  let axis: Int

  private func reducedAxes(_ x: Value, _ context: LoweringContext) -> [Int] {
    layer.isPerElement ? [0] : (0..<context.shape(x).rank).filter { $0 != axis }
  }

  /// Mean and biased variance, vectors along the axis; of what a mask of all other axes keeps, if the release looks at it.
  func ofBatch(
    _ x: Value, mask: Value?, _ context: inout LoweringContext
  ) throws(ModelError) -> (mean: Value, variance: Value) {
    let rank = context.shape(x).rank
    if let mask, context.batchNormalization.masksStatistics, context.shape(mask).rank == rank - 1 {
      return try ofKept(x, context.expanded(mask, axis: rank - 1), &context)
    }
    let axes = reducedAxes(x, context)
    let mean = try context.op(.reduce(.mean, axes: axes, keepDimensions: false), x)
    // The variance does not change with the number that deviations are taken from if that is the mean.
    let center = try context.op(.stopGradient, mean)
    let spread = try layer.spread(center, axis: axis, rank: context.shape(x).rank, &context)
    let squares = try context.op(.unary(.square), context.op(.binary(.subtract), x, spread))
    return (mean, try context.op(.reduce(.mean, axes: axes, keepDimensions: false), squares))
  }

  private func ofKept(
    _ x: Value, _ isKept: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> (mean: Value, variance: Value) {
    let axes = reducedAxes(x, context)
    let zero = context.constant(0)
    let ones = try context.shifted(context.scaled(x, by: 0), by: 1)
    let counted = try context.op(.select, isKept, ones, zero)
    let count = try context.shifted(
      context.op(.reduce(.sum, axes: axes, keepDimensions: false), counted), by: 1e-7)
    func mean(_ value: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
      let kept = try context.op(.select, isKept, value, zero)
      return try context.op(.binary(.divide), context.op(.reduce(.sum, axes: axes, keepDimensions: false), kept), count)
    }
    let center = try mean(x, &context)
    let spread = try layer.spread(center, axis: axis, rank: context.shape(x).rank, &context)
    let squares = try context.op(.unary(.square), context.op(.binary(.subtract), x, spread))
    return (center, try mean(squares, &context))
  }

  func update(
    _ x: Value, mean: Value, variance: Value, _ rules: BatchNormalizationSemantics,
    _ context: inout LoweringContext
  ) throws(ModelError) {
    try move("moving_mean", to: mean, rules, &context)
    if layer.renormalization != nil { return try renormalize(mean: mean, variance: variance, &context) }
    if rules.variance == .standardDeviation {
      try moveDeviation(variance, &context)
    } else {
      let estimate = try estimate(x, variance, rules.variance, &context)
      try move("moving_variance", to: estimate, rules, &context)
    }
  }

  /// Batch renormalization keeps a moving deviation, of which the variance is the square, and averages of its own.
  private func renormalize(
    mean: Value, variance: Value, _ context: inout LoweringContext
  ) throws(ModelError) {
    let epsilon = Float(layer.epsilon)
    let deviation = try context.op(.unary(.squareRoot), context.shifted(variance, by: epsilon))
    let own = Float(layer.renormalization?.momentum ?? 0.99)
    for (role, value, momentum) in [
      ("renorm_mean", mean, own), ("renorm_stddev", deviation, own),
      ("moving_stddev", deviation, Float(layer.momentum)),
    ] {
      let moved = try context.op(
        .binary(.add), context.scaled(context.weight(role), by: momentum), context.scaled(value, by: 1 - momentum))
      context.updates.append(VariableUpdate(parameter: context.parameterName(role), value: moved))
      guard role == "moving_stddev" else { continue }
      let squared = try context.shifted(context.op(.unary(.square), moved), by: -epsilon)
      context.updates.append(
        VariableUpdate(
          parameter: context.parameterName("moving_variance"), value: try context.op(.unary(.relu), squared)))
    }
    _ = try context.weight("moving_variance")
  }

  /// The variance of the batch as the release averages it.
  private func estimate(
    _ x: Value, _ variance: Value, _ rule: BatchNormalizationSemantics.Variance,
    _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let epsilon = Float(layer.epsilon)
    let count = try context.elementCount(x, axes: reducedAxes(x, context))
    func corrected(_ value: Value, less: Float, _ context: inout LoweringContext) throws(ModelError) -> Value {
      let factor = try context.op(.binary(.divide), count, context.shifted(count, by: -less))
      return try context.op(.binary(.multiply), value, factor)
    }
    let isFused = context.batchNormalization.fusesImages && context.shape(x).rank == 4 && axis == 3
    let variance = isFused ? try corrected(variance, less: 1, &context) : variance
    switch rule {
    case .biased, .standardDeviation: return variance
    case .unbiasedForImages:
      return context.shape(x).rank == 4 ? try corrected(variance, less: 1, &context) : variance
    case .unbiasedLessEpsilon: return try corrected(variance, less: 1 + epsilon, &context)
    case .biasedPlusEpsilon: return try context.shifted(variance, by: epsilon)
    case .unbiasedPlusEpsilon:
      return try corrected(context.shifted(variance, by: epsilon), less: 1 + epsilon, &context)
    }
  }

  /// moving · momentum + batch · (1 − momentum), or the average that starts anew (`zeroDebias`).
  private func move(
    _ role: String, to value: Value, _ rules: BatchNormalizationSemantics, _ context: inout LoweringContext
  ) throws(ModelError) {
    let momentum = Float(layer.momentum)
    let target = context.parameterName(role)
    guard rules.zeroDebias else {
      let moved = try mixed(context.weight(role), value, momentum, &context)
      context.updates.append(VariableUpdate(parameter: target, value: moved))
      return
    }
    let sum = context.stateParameter(role + "/biased", shape: try context.shape(value).knownSizes())
    let step = context.stateParameter(role + "/local_step", shape: [])
    let newSum = try mixed(sum, value, momentum, &context)
    let newStep = try context.shifted(step, by: 1)
    let decayed = try context.op(.binary(.power), context.constant(momentum), newStep)
    let weight = try context.op(.binary(.subtract), context.constant(1), decayed)
    context.updates.append(VariableUpdate(parameter: context.parameterName(role + "/biased"), value: newSum))
    context.updates.append(VariableUpdate(parameter: context.parameterName(role + "/local_step"), value: newStep))
    context.updates.append(
      VariableUpdate(parameter: target, value: try context.op(.binary(.divide), newSum, weight)))
    _ = try context.weight(role)
  }

  /// Keras ≤ 1.0.5 averages s = √(v + ε) and divides by s + ε; the canonical variance is (s + ε)² − ε.
  private func moveDeviation(_ variance: Value, _ context: inout LoweringContext) throws(ModelError) {
    let epsilon = Float(layer.epsilon)
    let stored = try context.op(
      .unary(.squareRoot), context.shifted(context.weight("moving_variance"), by: epsilon))
    let deviation = try context.shifted(stored, by: -epsilon)
    let ofBatch = try context.op(.unary(.squareRoot), context.shifted(variance, by: epsilon))
    let moved = try mixed(deviation, ofBatch, Float(layer.momentum), &context)
    let squared = try context.op(.unary(.square), context.shifted(moved, by: epsilon))
    context.updates.append(
      VariableUpdate(
        parameter: context.parameterName("moving_variance"), value: try context.shifted(squared, by: -epsilon)))
  }

  private func mixed(
    _ old: Value, _ new: Value, _ momentum: Float, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    try context.op(
      .binary(.add), context.scaled(old, by: momentum), context.scaled(new, by: Float(1 - layer.momentum)))
  }
}
