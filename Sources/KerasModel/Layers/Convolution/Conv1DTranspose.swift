import KerasCore
import OrderedCollections

/// The adjoint of a convolution over one axis; kernel `(spatial…, filters, channels)`.
public struct Conv1DTranspose: Layer {
  public static let className = "Conv1DTranspose"

  let fields: TransposedConvolutionFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try TransposedConvolutionFields(&config, rank: 1)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public var activityRegularizer: Regularizer? { fields.activityRegularizer }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try fields.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
