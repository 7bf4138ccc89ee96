import KerasCore
import OrderedCollections

/// The mean of each channel over all steps; masked steps do not count.
public struct GlobalAveragePooling1D: Layer {
  public static let className = "GlobalAveragePooling1D"

  let fields: GlobalPoolingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try GlobalPoolingFields(&config, reduction: .mean, rank: 1)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
