import KerasCore
import OrderedCollections

/// The mean of each of `output_size` windows that cover 3 spatial axes.
public struct AdaptiveAveragePooling3D: Layer {
  public static let className = "AdaptiveAveragePooling3D"

  let fields: AdaptivePoolingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try AdaptivePoolingFields(&config, isAverage: true, rank: 3)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
