import KerasCore
import OrderedCollections

/// The mean of each channel over 2 spatial axes.
public struct GlobalAveragePooling2D: Layer {
  public static let className = "GlobalAveragePooling2D"

  let fields: GlobalPoolingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try GlobalPoolingFields(&config, reduction: .mean, rank: 2)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
