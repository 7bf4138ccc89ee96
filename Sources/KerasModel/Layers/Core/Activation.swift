import KerasCore
import KerasGraph
import OrderedCollections

/// An activation function on its own.
public struct Activation: Layer {
  public static let className = "Activation"

  let activation: ActivationFunction
  public let activityRegularizer: Regularizer?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    activation = try config.activation("activation")
    activityRegularizer = try config.regularizer("activity_regularizer")
  }

  public var config: OrderedDictionary<String, JSON> { ["activation": activation.json] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in try activation.apply(x, &context) }
  }
}
