import KerasCore
import OrderedCollections

/// Cuts elements off both ends of each of 3 spatial axes.
public struct Cropping3D: Layer {
  public static let className = "Cropping3D"

  let border: BorderFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    border = try BorderFields(&config, key: "cropping", rank: 3)
  }

  public var config: OrderedDictionary<String, JSON> { border.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in try border.cropped(x, &context) }
  }
}
