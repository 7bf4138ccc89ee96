import KerasCore
import OrderedCollections

/// The third of the evolved networks, z reads tanh(h): g = act((r·h)·U + x·W + b).
public struct JZS3: Layer {
  public static let className = "JZS3"

  private let fields: EvolvedRecurrence

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try EvolvedRecurrence(&config, .jzs3)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try fields.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
