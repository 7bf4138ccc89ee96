import KerasCore
import OrderedCollections

/// A gated recurrent unit over all time steps: h ← z·h + (1 − z)·act(…), with the reset gate before or after the product.
public struct GRU: FusedRecurrentLayer {
  public static let className = "GRU"

  var fields: RecurrentFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try RecurrentFields(&config, .gru) }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public var activityRegularizer: Regularizer? { fields.activityRegularizer }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try fields.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
