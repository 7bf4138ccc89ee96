import KerasCore
import KerasGraph
import OrderedCollections

/// x where |x| ≥ `theta`, else 0 (Keras 0.1 to 0.3).
public struct ThresholdedLinear: Layer {
  public static let className = "ThresholdedLinear"

  let theta: Double

  public init(_ config: inout ConfigReader) throws(ModelError) {
    theta = try config.double("theta", default: 1)
  }

  public var config: OrderedDictionary<String, JSON> { ["theta": .number(theta)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let size = try context.op(.unary(.absolute), x)
      let kept = try context.op(.compare(.greaterOrEqual), size, context.constant(Float(theta)))
      return try context.op(.binary(.multiply), x, context.cast(kept, to: .float32))
    }
  }
}
