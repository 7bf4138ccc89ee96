import KerasCore
import OrderedCollections

/// The largest element of each window over 2 spatial axes.
public struct MaxPooling2D: Layer {
  public static let className = "MaxPooling2D"

  let fields: PoolingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try PoolingFields(&config, isAverage: false, rank: 2)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
