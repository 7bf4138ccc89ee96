import KerasCore
import OrderedCollections

/// The largest element of each channel over all steps.
public struct GlobalMaxPooling1D: Layer {
  public static let className = "GlobalMaxPooling1D"

  let fields: GlobalPoolingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try GlobalPoolingFields(&config, reduction: .maximum, rank: 1)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
