import KerasCore
import OrderedCollections

/// Repeats time steps.
public struct UpSampling1D: Layer {
  public static let className = "UpSampling1D"

  let fields: UpSamplingFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try UpSamplingFields(&config, rank: 1)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
