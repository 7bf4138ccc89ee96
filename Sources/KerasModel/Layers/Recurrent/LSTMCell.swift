import KerasCore
import OrderedCollections

/// One step of an LSTM: takes x and the states h and c, gives the output, then h and c.
public struct LSTMCell: RecurrentCell {
  public static let className = "LSTMCell"

  let fields: RecurrentFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try RecurrentFields(cell: &config, .lstm) }

  public var config: OrderedDictionary<String, JSON> { fields.cellConfig }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try stepWeights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try step(call, &context)
  }
}
