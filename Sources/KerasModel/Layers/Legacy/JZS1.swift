import KerasCore
import OrderedCollections

/// The first of the evolved networks, z from x alone: g = act((r·h)·U + tanh(x·P) + b).
public struct JZS1: Layer {
  public static let className = "JZS1"

  private let fields: EvolvedRecurrence

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try EvolvedRecurrence(&config, .jzs1)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try fields.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
