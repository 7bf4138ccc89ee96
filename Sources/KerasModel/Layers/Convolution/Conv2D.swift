import KerasCore
import OrderedCollections

/// Convolution over 2 spatial axes; grouped and dilated too.
public struct Conv2D: Layer {
  public static let className = "Conv2D"

  let fields: ConvolutionFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try ConvolutionFields(&config, rank: 2)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public var activityRegularizer: Regularizer? { fields.activityRegularizer }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try fields.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
