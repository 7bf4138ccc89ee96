import KerasCore
import OrderedCollections

/// Repeats the elements of 2 spatial axes, or interpolates between them.
public struct UpSampling2D: Layer {
  public static let className = "UpSampling2D"

  let fields: UpSamplingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try UpSamplingFields(&config, rank: 2)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
