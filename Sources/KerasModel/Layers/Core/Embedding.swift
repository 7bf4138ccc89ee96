import KerasCore
import KerasGraph
import OrderedCollections

/// The rows of a table that integers name; with `mask_zero`, index 0 is masked.
///
/// Floats are cut towards zero, as every Keras release does.
public struct Embedding: Layer {
  public static let className = "Embedding"

  let fields: EmbeddingFields
  public let activityRegularizer: Regularizer?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try EmbeddingFields(&config, className: Self.className)
    activityRegularizer = try config.regularizer("activity_regularizer")
  }

  public var config: OrderedDictionary<String, JSON> {
    var result = fields.config
    result["activity_regularizer"] = activityRegularizer.json
    return result
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { fields.weights }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lookup(call, &context)
  }
}
