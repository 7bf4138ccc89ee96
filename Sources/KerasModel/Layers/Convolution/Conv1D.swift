import KerasCore
import OrderedCollections

/// Convolution over one axis (also causal); grouped and dilated too.
public struct Conv1D: Layer {
  public static let className = "Conv1D"

  let fields: ConvolutionFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try ConvolutionFields(&config, rank: 1)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public var activityRegularizer: Regularizer? { fields.activityRegularizer }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try fields.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
