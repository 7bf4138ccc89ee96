import KerasCore
import OrderedCollections

/// Adds zeros to both ends of each of 2 spatial axes.
public struct ZeroPadding2D: Layer {
  public static let className = "ZeroPadding2D"

  let border: BorderFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    border = try BorderFields(&config, key: "padding", rank: 2)
  }

  public var config: OrderedDictionary<String, JSON> { border.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in try border.padded(x, &context) }
  }
}
