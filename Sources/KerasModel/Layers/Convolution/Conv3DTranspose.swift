import KerasCore
import OrderedCollections

/// The adjoint of a convolution over 3 spatial axes; kernel `(spatial…, filters, channels)`.
public struct Conv3DTranspose: Layer {
  public static let className = "Conv3DTranspose"

  let fields: TransposedConvolutionFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try TransposedConvolutionFields(&config, rank: 3)
  }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public var activityRegularizer: Regularizer? { fields.activityRegularizer }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try fields.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, &context)
  }
}
