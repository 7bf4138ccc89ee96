import KerasCore
import OrderedCollections

/// An LSTM over time whose products are convolutions over 2 spatial axes.
public struct ConvLSTM2D: ConvLSTMLayer {
  public static let className = "ConvLSTM2D"

  var fields: ConvLSTMFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try ConvLSTMFields(&config, rank: 2)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public var activityRegularizer: Regularizer? { fields.activityRegularizer }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try fields.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
