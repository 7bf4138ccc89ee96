import KerasCore
import KerasGraph
import OrderedCollections

/// γ · (x − mean) / (√variance + ε) + β per sample, and per index of `axis` unless that is null.
///
/// Source: keras-contrib, layers/normalization/instancenormalization.py. ε stands outside the root there, unlike in the
/// InstanceNormalization of TensorFlow Addons. Without an axis γ and β have one element.
public struct InstanceNormalization: Layer {
  public static let className = "keraskit>InstanceNormalization"

  let axis: Int?
  let epsilon: Double
  let center: Bool
  let scale: Bool
  let gamma: VariableOptions
  let beta: VariableOptions

  public init(_ config: inout ConfigReader) throws(ModelError) {
    axis = config.json("axis").isNull ? nil : try config.int("axis")
    epsilon = try config.double("epsilon", default: 1e-3)
    center = try config.bool("center", default: true)
    scale = try config.bool("scale", default: true)
    gamma = try VariableOptions("gamma", &config)
    beta = try VariableOptions("beta", &config)
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "axis": axis.map { JSON($0) } ?? .null, "epsilon": .number(epsilon), "center": .bool(center),
      "scale": .bool(scale),
    ]
    beta.write(to: &fields)
    gamma.write(to: &fields)
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let shape = try single(inputs)
    let size = if let axis { try shape.known(axis: axis) } else { 1 }
    var specs: [WeightSpec] = []
    if scale { specs.append(gamma.spec("gamma", [size])) }
    if center { specs.append(beta.spec("beta", [size])) }
    return specs
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let shape = context.shape(x)
      let kept: Int? = if let axis { try shape.axis(axis) } else { nil }
      let axes = (0..<shape.rank).filter { $0 != 0 && $0 != kept }
      guard !axes.isEmpty, kept != 0 else {
        throw ModelError(.inputShape(expected: "axes to normalise over beside the samples", found: shape))
      }
      let mean = try context.op(.reduce(.mean, axes: axes, keepDimensions: true), x)
      let centered = try context.op(.binary(.subtract), x, mean)
      let variance = try context.op(
        .reduce(.mean, axes: axes, keepDimensions: true), context.op(.unary(.square), centered))
      let deviation = try context.shifted(context.op(.unary(.squareRoot), variance), by: Float(epsilon))
      var y = try context.op(.binary(.divide), centered, deviation)
      let along = kept ?? shape.rank - 1
      if scale {
        let gamma = try context.vector(context.weight("gamma"), along: along, rank: shape.rank)
        y = try context.op(.binary(.multiply), y, gamma)
      }
      if center {
        let beta = try context.vector(context.weight("beta"), along: along, rank: shape.rank)
        y = try context.op(.binary(.add), y, beta)
      }
      return y
    }
  }
}
