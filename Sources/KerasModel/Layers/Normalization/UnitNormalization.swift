import KerasCore
import KerasGraph
import OrderedCollections

/// x divided by its Euclidean norm over `axis`.
public struct UnitNormalization: Layer {
  public static let className = "UnitNormalization"

  let axis: AxisList

  public init(_ config: inout ConfigReader) throws(ModelError) {
    axis = try AxisList(&config)
  }

  public var config: OrderedDictionary<String, JSON> { ["axis": axis.json] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let axes = try axis.resolved(context.shape(x))
      let sum = try context.op(.reduce(.sum, axes: axes, keepDimensions: true), context.op(.unary(.square), x))
      // Keras 3's ε of 1e-12 bounds the norm, not its square.
      let inverse = try context.op(
        .unary(.reciprocalSquareRoot), context.op(.binary(.maximum), sum, context.constant(1e-24)))
      return try context.op(.binary(.multiply), x, inverse)
    }
  }
}
