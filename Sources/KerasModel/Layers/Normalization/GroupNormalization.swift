import KerasCore
import KerasGraph
import OrderedCollections

/// γ · (x − mean) / √(variance + ε) + β, with each sample's own statistics over a group of neighbouring channels.
///
/// `groups` of −1 makes every channel a group.
public struct GroupNormalization: Layer {
  public static let className = "GroupNormalization"

  let groups: Int
  let axis: Int
  let epsilon: Double
  let center: Bool
  let scale: Bool
  let gamma: VariableOptions
  let beta: VariableOptions

  public init(_ config: inout ConfigReader) throws(ModelError) {
    groups = try config.int("groups", default: 32)
    guard groups > 0 || groups == -1 else { throw config.wrong("groups", "a positive integer or -1", JSON(groups)) }
    axis = try config.int("axis", default: -1)
    epsilon = try config.double("epsilon", default: 1e-3)
    center = try config.bool("center", default: true)
    scale = try config.bool("scale", default: true)
    gamma = try VariableOptions("gamma", &config)
    beta = try VariableOptions("beta", &config)
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "groups": JSON(groups), "axis": JSON(axis), "epsilon": .number(epsilon), "center": .bool(center),
      "scale": .bool(scale),
    ]
    beta.write(to: &fields)
    gamma.write(to: &fields)
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let channels = try single(inputs).known(axis: axis)
    var specs: [WeightSpec] = []
    if scale { specs.append(gamma.spec("gamma", [channels])) }
    if center { specs.append(beta.spec("beta", [channels])) }
    return specs
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let shape = context.shape(x)
      let axis = try shape.axis(axis)
      let channels = try shape.known(axis: axis)
      let count = groups == -1 ? channels : groups
      guard axis > 0, channels % count == 0 else {
        throw ModelError(.inputShape(expected: "channels in \(count) equal groups", found: shape))
      }
      let sizes: [TargetDimension] = [.fixed(count), .fixed(channels / count)]
      var target = context.dimensions(of: x)
      target.replaceSubrange(axis...axis, with: sizes)
      let grouped = try context.op(.reshape(target), x)
      let axes = (1...shape.rank).filter { $0 != axis }
      let mean = try context.op(.reduce(.mean, axes: axes, keepDimensions: true), grouped)
      let centered = try context.op(.binary(.subtract), grouped, mean)
      let variance = try context.op(
        .reduce(.mean, axes: axes, keepDimensions: true), context.op(.unary(.square), centered))
      let inverse = try context.op(.unary(.reciprocalSquareRoot), context.shifted(variance, by: Float(epsilon)))
      let normalized = try context.op(.binary(.multiply), centered, inverse)
      var y = try context.op(.reshape(context.dimensions(of: x, operand: 1)), normalized, x)
      if scale {
        let gamma = try context.vector(context.weight("gamma"), along: axis, rank: shape.rank)
        y = try context.op(.binary(.multiply), y, gamma)
      }
      if center {
        let beta = try context.vector(context.weight("beta"), along: axis, rank: shape.rank)
        y = try context.op(.binary(.add), y, beta)
      }
      return y
    }
  }
}
