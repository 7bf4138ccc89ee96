import KerasCore
import OrderedCollections

/// The mean of the real elements of each window over one axis.
public struct AveragePooling1D: Layer {
  public static let className = "AveragePooling1D"

  let fields: PoolingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try PoolingFields(&config, isAverage: true, rank: 1)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
