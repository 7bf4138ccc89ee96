import KerasCore
import KerasGraph
import OrderedCollections

/// x for x > `theta`, else 0; Keras 3 keeps it only among its legacy layers.
public struct ThresholdedReLU: Layer {
  public static let className = "ThresholdedReLU"

  let theta: Double

  public init(_ config: inout ConfigReader) throws(ModelError) { theta = try config.double("theta", default: 1) }

  public var config: OrderedDictionary<String, JSON> { ["theta": .number(theta)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let passes = try context.op(.compare(.greater), x, context.constant(Float(theta)))
      return try context.op(.select, passes, x, context.constant(0))
    }
  }
}
