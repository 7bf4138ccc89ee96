import KerasCore
import OrderedCollections

/// A long short-term memory over all time steps: gates i, f, c, o; c ← f·c + i·act(…), h ← o·act(c).
public struct LSTM: FusedRecurrentLayer {
  public static let className = "LSTM"

  var fields: RecurrentFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try RecurrentFields(&config, .lstm) }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public var activityRegularizer: Regularizer? { fields.activityRegularizer }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try fields.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
