import KerasCore
import KerasGraph
import OrderedCollections

/// scale · x / √(mean of x² over `axis` + ε).
public struct RMSNormalization: Layer {
  public static let className = "RMSNormalization"

  let axis: AxisList
  let epsilon: Double

  public init(_ config: inout ConfigReader) throws(ModelError) {
    axis = try AxisList(&config)
    epsilon = try config.double("epsilon", default: 1e-6)
  }

  public var config: OrderedDictionary<String, JSON> { ["axis": axis.json, "epsilon": .number(epsilon)] }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    [WeightSpec("scale", try axis.sizes(single(inputs)))]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let axes = try axis.resolved(context.shape(x))
      let squares = try context.op(
        .reduce(.mean, axes: axes, keepDimensions: true), context.op(.unary(.square), x))
      let inverse = try context.op(.unary(.reciprocalSquareRoot), context.shifted(squares, by: Float(epsilon)))
      // Keras lets `scale` broadcast over the last axes, whichever `axis` is.
      return try context.op(
        .binary(.multiply), context.op(.binary(.multiply), x, inverse), context.weight("scale"))
    }
  }
}
