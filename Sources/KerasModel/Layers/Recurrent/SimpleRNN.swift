import KerasCore
import OrderedCollections

/// act(x·W + h·U + b) over all time steps.
public struct SimpleRNN: FusedRecurrentLayer {
  public static let className = "SimpleRNN"

  var fields: RecurrentFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try RecurrentFields(&config, .simple) }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public var activityRegularizer: Regularizer? { fields.activityRegularizer }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try fields.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
