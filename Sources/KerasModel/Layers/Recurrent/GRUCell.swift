import KerasCore
import OrderedCollections

/// One step of a GRU: takes x and the state h, gives the output, then h.
public struct GRUCell: RecurrentCell {
  public static let className = "GRUCell"

  let fields: RecurrentFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try RecurrentFields(cell: &config, .gru) }

  public var config: OrderedDictionary<String, JSON> { fields.cellConfig }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try stepWeights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try step(call, &context)
  }
}
