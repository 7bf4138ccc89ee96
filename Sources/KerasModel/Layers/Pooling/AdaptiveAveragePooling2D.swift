import KerasCore
import OrderedCollections

/// The mean of each of `output_size` windows that cover 2 spatial axes.
public struct AdaptiveAveragePooling2D: Layer {
  public static let className = "AdaptiveAveragePooling2D"

  let fields: AdaptivePoolingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try AdaptivePoolingFields(&config, isAverage: true, rank: 2)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
