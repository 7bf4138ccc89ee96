import KerasCore
import OrderedCollections

/// Repeats the elements of 3 spatial axes.
public struct UpSampling3D: Layer {
  public static let className = "UpSampling3D"

  let fields: UpSamplingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try UpSamplingFields(&config, rank: 3)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
