import KerasCore
import KerasGraph
import OrderedCollections

/// x for x > 0, `negative_slope` · x below (0.3 by default in every release).
public struct LeakyReLU: Layer {
  public static let className = "LeakyReLU"

  let negativeSlope: Double

  public init(_ config: inout ConfigReader) throws(ModelError) {
    negativeSlope = try config.double("negative_slope", default: 0.3)
  }

  public var config: OrderedDictionary<String, JSON> { ["negative_slope": .number(negativeSlope)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      try context.op(.unary(.leakyRelu(slope: Float(negativeSlope))), x)
    }
  }
}
