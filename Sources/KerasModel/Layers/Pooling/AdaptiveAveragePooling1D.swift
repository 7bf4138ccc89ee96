import KerasCore
import OrderedCollections

/// The mean of each of `output_size` windows that cover 1 spatial axis.
public struct AdaptiveAveragePooling1D: Layer {
  public static let className = "AdaptiveAveragePooling1D"

  let fields: AdaptivePoolingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try AdaptivePoolingFields(&config, isAverage: true, rank: 1)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
