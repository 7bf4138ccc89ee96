import KerasCore
import OrderedCollections

/// Adds zeros to both ends of the time axis.
public struct ZeroPadding1D: Layer {
  public static let className = "ZeroPadding1D"

  let border: BorderFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    border = try BorderFields(&config, key: "padding", rank: 1)
  }

  public var config: OrderedDictionary<String, JSON> { border.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in try border.padded(x, &context) }
  }
}
