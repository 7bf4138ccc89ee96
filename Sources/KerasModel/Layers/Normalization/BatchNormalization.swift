import KerasCore
import KerasGraph
import OrderedCollections

/// γ · (x − mean) / √(variance + ε) + β per element of `axis`: with moving statistics at inference, the batch's in training.
public struct BatchNormalization: Layer {
  public static let className = "BatchNormalization"

  let axis: Int
  let momentum: Double
  let epsilon: Double
  let center: Bool
  let scale: Bool
  let gamma: VariableOptions
  let beta: VariableOptions
  let movingMean: JSON
  let movingVariance: JSON
  /// Keras 0 and 1: 0 per feature, 1 per sample, 2 with the batch's statistics at inference too.
  let mode: Int
  let sampleWiseStd: Bool
  /// Keras 0.1 to 0.3.0: every element of a sample has its own statistics.
  let isPerElement: Bool
  let renormalization: BatchRenormalization?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    axis = try config.ints("axis", count: 1, default: -1)[0]
    momentum = try config.double("momentum", default: 0.99)
    epsilon = try config.double("epsilon", default: 1e-3)
    center = try config.bool("center", default: true)
    scale = try config.bool("scale", default: true)
    gamma = try VariableOptions("gamma", &config)
    beta = try VariableOptions("beta", &config)
    movingMean = config.json("moving_mean_initializer")
    movingVariance = config.json("moving_variance_initializer")
    mode = try config.int("keraskit>mode", default: 0)
    sampleWiseStd = try config.bool("keraskit>mode1_std", default: false)
    isPerElement = try config.bool("keraskit>per_element", default: false)
    renormalization = try BatchRenormalization(&config)
    config.ignore("synchronized", "fused", "virtual_batch_size", "adjustment")
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "axis": JSON(axis), "momentum": .number(momentum), "epsilon": .number(epsilon), "center": .bool(center),
      "scale": .bool(scale),
    ]
    beta.write(to: &fields)
    gamma.write(to: &fields)
    fields["moving_mean_initializer"] = movingMean
    fields["moving_variance_initializer"] = movingVariance
    fields["synchronized"] = false
    renormalization?.write(to: &fields)
    if mode != 0 { fields["keraskit>mode"] = JSON(mode) }
    if isPerElement { fields["keraskit>per_element"] = true }
    if sampleWiseStd { fields["keraskit>mode1_std"] = true }
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    var shape: [Int] = []
    if isPerElement {
      guard input.rank >= 2 else { throw ModelError(.inputShape(expected: "at least 2 axes", found: input)) }
      for axis in 1..<input.rank { shape.append(try input.known(axis: axis)) }
    } else {
      shape = [try input.known(axis: axis)]
    }
    var specs: [WeightSpec] = []
    if scale { specs.append(gamma.spec("gamma", shape)) }
    if center { specs.append(beta.spec("beta", shape)) }
    specs.append(WeightSpec("moving_mean", shape, trainable: false, initializer: movingMean))
    specs.append(WeightSpec("moving_variance", shape, trainable: false, initializer: movingVariance))
    guard renormalization != nil else { return specs }
    return specs
      + ["moving_stddev", "renorm_mean", "renorm_stddev"].map { WeightSpec($0, shape, trainable: false) }
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let rank = context.shape(x).rank
      let axis = try context.shape(x).axis(axis)
      if mode == 1 { return try sampleWise(x, axis: axis, &context) }
      let rules = context.batchNormalization
      let isFrozen = !context.isTrainable
      let usesBatch = mode == 2 || (context.isTraining && !(isFrozen && rules.frozenUsesMovingStatistics))
      guard usesBatch else {
        // Batch renormalization's own averages serve training only.
        for role in ["moving_stddev", "renorm_mean", "renorm_stddev"] where renormalization != nil {
          _ = try context.weight(role)
        }
        let variance = try context.weight("moving_variance")
        let root = try context.op(
          .unary(.reciprocalSquareRoot), context.shifted(variance, by: Float(epsilon)))
        return try affine(x, mean: context.weight("moving_mean"), inverse: root, axis: axis, rank: rank, &context)
      }
      let statistics = BatchStatistics(layer: self, axis: axis)
      let (mean, variance) = try statistics.ofBatch(x, mask: call.single().mask, &context)
      if context.isTraining, mode == 0, !isFrozen || rules.frozenUpdates {
        try statistics.update(x, mean: mean, variance: variance, rules, &context)
      }
      let shifted = try context.shifted(variance, by: Float(epsilon))
      let inverse: Value
      if rules.variance == .standardDeviation, mode == 0 {
        let root = try context.op(.unary(.squareRoot), shifted)
        inverse = try context.op(.unary(.reciprocal), context.shifted(root, by: Float(epsilon)))
      } else {
        inverse = try context.op(.unary(.reciprocalSquareRoot), shifted)
      }
      if context.isTraining, let renormalization {
        let (r, d) = try renormalization.correction(mean: mean, variance: variance, epsilon: epsilon, &context)
        return try affine(
          x, mean: mean, inverse: context.op(.binary(.multiply), inverse, r), shift: d, axis: axis, rank: rank, &context
        )
      }
      return try affine(x, mean: mean, inverse: inverse, axis: axis, rank: rank, &context)
    }
  }

  /// x · (γ · inverse) + (β + shift · γ − mean · γ · inverse), all vectors along `axis`.
  private func affine(
    _ x: Value, mean: Value, inverse: Value, shift: Value? = nil, axis: Int, rank: Int,
    _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let factor = scale ? try context.op(.binary(.multiply), inverse, context.weight("gamma")) : inverse
    let product = try context.op(.binary(.multiply), mean, factor)
    var offset =
      center
      ? try context.op(.binary(.subtract), context.weight("beta"), product)
      : try context.op(.unary(.negate), product)
    if let shift {
      let scaledShift = scale ? try context.op(.binary(.multiply), shift, context.weight("gamma")) : shift
      offset = try context.op(.binary(.add), offset, scaledShift)
    }
    let scaled = try context.op(.binary(.multiply), x, spread(factor, axis: axis, rank: rank, &context))
    return try context.op(.binary(.add), scaled, spread(offset, axis: axis, rank: rank, &context))
  }

  /// Statistics shaped to broadcast over a batch.
  func spread(
    _ x: Value, axis: Int, rank: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    isPerElement ? x : try context.vector(x, along: axis, rank: rank)
  }

  /// Keras 0 and 1, mode 1: each sample by its own mean and deviation over the last axis.
  private func sampleWise(_ x: Value, axis: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let rank = context.shape(x).rank
    let mean = try context.op(.reduce(.mean, axes: [rank - 1], keepDimensions: true), x)
    let centered = try context.op(.binary(.subtract), x, mean)
    let squares = try context.op(.unary(.square), centered)
    let variance = try context.op(.reduce(.mean, axes: [rank - 1], keepDimensions: true), squares)
    let inner = sampleWiseStd ? variance : try context.shifted(variance, by: Float(epsilon))
    let deviation = try context.shifted(context.op(.unary(.squareRoot), inner), by: Float(epsilon))
    var y = try context.op(.binary(.divide), centered, deviation)
    if scale {
      y = try context.op(.binary(.multiply), y, spread(context.weight("gamma"), axis: axis, rank: rank, &context))
    }
    if center {
      y = try context.op(.binary(.add), y, spread(context.weight("beta"), axis: axis, rank: rank, &context))
    }
    return y
  }
}
