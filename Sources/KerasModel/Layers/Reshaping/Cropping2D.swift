import KerasCore
import OrderedCollections

/// Cuts elements off both ends of each of 2 spatial axes.
public struct Cropping2D: Layer {
  public static let className = "Cropping2D"

  let border: BorderFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    border = try BorderFields(&config, key: "cropping", rank: 2)
  }

  public var config: OrderedDictionary<String, JSON> { border.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in try border.cropped(x, &context) }
  }
}
