import KerasCore
import KerasGraph
import OrderedCollections

/// The rows of a table that integers name; with `mask_zero`, index 0 is masked.
///
/// Floats are cut towards zero, as every Keras release does.
public struct Embedding: Layer {
  public static let className = "Embedding"

  let inputDim: Int
  let outputDim: Int
  let embeddings: VariableOptions
  let maskZero: Bool
  public let activityRegularizer: Regularizer?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    inputDim = try config.positiveInt("input_dim")
    outputDim = try config.positiveInt("output_dim")
    embeddings = try VariableOptions("embeddings", &config)
    maskZero = try config.bool("mask_zero", default: false)
    activityRegularizer = try config.regularizer("activity_regularizer")
    config.ignore("input_length", "lora_rank", "lora_alpha", "weights", "sparse")
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = ["input_dim": JSON(inputDim), "output_dim": JSON(outputDim)]
    embeddings.write(to: &fields)
    fields["activity_regularizer"] = activityRegularizer.json
    fields["mask_zero"] = .bool(maskZero)
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    [embeddings.spec("embeddings", [inputDim, outputDim])]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let indices = try context.cast(call.single().value, to: .int32)
    let rows = try context.op(.gatherRows, context.weight("embeddings"), indices)
    guard maskZero else { return [LayerTensor(rows)] }
    let zero = try context.cast(context.constant(0), to: .int32)
    return [LayerTensor(rows, mask: try context.op(.compare(.notEqual), indices, zero))]
  }
}
