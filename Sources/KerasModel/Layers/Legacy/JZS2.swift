import KerasCore
import OrderedCollections

/// The second of the evolved networks, r reads x through a random projection: g = act((r·h)·U + x·W + b).
public struct JZS2: Layer {
  public static let className = "JZS2"

  private let fields: EvolvedRecurrence

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try EvolvedRecurrence(&config, .jzs2)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try fields.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
