import KerasCore
import OrderedCollections

/// The mean of the real elements of each window over 2 spatial axes.
public struct AveragePooling2D: Layer {
  public static let className = "AveragePooling2D"

  let fields: PoolingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try PoolingFields(&config, isAverage: true, rank: 2)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
