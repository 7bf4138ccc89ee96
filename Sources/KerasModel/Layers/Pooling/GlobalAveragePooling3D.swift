import KerasCore
import OrderedCollections

/// The mean of each channel over 3 spatial axes.
public struct GlobalAveragePooling3D: Layer {
  public static let className = "GlobalAveragePooling3D"

  let fields: GlobalPoolingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try GlobalPoolingFields(&config, reduction: .mean, rank: 3)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
