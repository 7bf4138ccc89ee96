import KerasCore
import OrderedCollections

/// A convolution over 1 spatial axis whose every position has its own kernel (Keras 1.0.6 to 2.15).
public struct LocallyConnected1D: Layer {
  public static let className = "LocallyConnected1D"

  let fields: LocallyConnectedFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try LocallyConnectedFields(&config, rank: 1)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public var activityRegularizer: Regularizer? { fields.activityRegularizer }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try fields.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
