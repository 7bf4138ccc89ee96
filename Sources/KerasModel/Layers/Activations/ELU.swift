import KerasCore
import KerasGraph
import OrderedCollections

/// x for x > 0, `alpha` · (eˣ − 1) below.
public struct ELU: Layer {
  public static let className = "ELU"

  let alpha: Double

  public init(_ config: inout ConfigReader) throws(ModelError) { alpha = try config.double("alpha", default: 1) }

  public var config: OrderedDictionary<String, JSON> { ["alpha": .number(alpha)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      try context.op(.unary(.elu(alpha: Float(alpha))), x)
    }
  }
}
