import KerasCore
import KerasGraph
import OrderedCollections

/// An Embedding that, called with `reverse`, multiplies by its table's transpose: `(…, output_dim)` to `(…, input_dim)`.
///
/// Keras 3.15.1, `layers/core/reversible_embedding.py`; with `tie_weights: false` the way back has a table of its own.
public struct ReversibleEmbedding: Layer {
  public static let className = "ReversibleEmbedding"

  private let fields: EmbeddingFields
  private let tiesWeights: Bool
  private let reverseDType: JSON
  private let logitSoftCap: Double?
  public let activityRegularizer: Regularizer?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try EmbeddingFields(&config, className: Self.className)
    tiesWeights = try config.bool("tie_weights", default: true)
    reverseDType = config.json("reverse_dtype")
    guard reverseDType.isNull || reverseDType.stringValue.flatMap({ DType(rawValue: $0) })?.isFloatingPoint == true
    else { throw config.wrong("reverse_dtype", "a type of numbers", reverseDType) }
    logitSoftCap = config.json("logit_soft_cap").isNull ? nil : try config.double("logit_soft_cap")
    activityRegularizer = try config.regularizer("activity_regularizer")
  }

  public var config: OrderedDictionary<String, JSON> {
    var result = fields.config
    result["activity_regularizer"] = activityRegularizer.json
    result["tie_weights"] = .bool(tiesWeights)
    result["reverse_dtype"] = reverseDType
    result["logit_soft_cap"] = logitSoftCap.map { .number($0) } ?? .null
    return result
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    if tiesWeights { return fields.weights }
    if let table = fields.table { return fields.weights + table.reverseWeights }
    return fields.weights + [
      WeightSpec(
        "reverse_embeddings", [fields.outputDim, fields.inputDim], initializer: fields.embeddings.initializer)
    ]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard call.arguments["reverse"] == true else { return try fields.lookup(call, &context) }
    let saved = context.format
    defer { context.format = saved }
    if let name = reverseDType.stringValue, fields.quantization == nil {
      context.format = FloatFormat(rawValue: name)
    }
    return try call.unmasked(&context) { x, context throws(ModelError) in
      let logits =
        if let table = fields.table {
          try table.reversed(x, isTied: tiesWeights, &context)
        } else {
          try product(x, &context)
        }
      guard let logitSoftCap else { return logits }
      let cap = Float(logitSoftCap)
      return try context.scaled(context.f(.tanh, context.f(.divide, logits, cap)), by: cap)
    }
  }

  private func product(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let table = try context.weight(tiesWeights ? "embeddings" : "reverse_embeddings")
    return try context.op(.matmul(transposeA: false, transposeB: tiesWeights), context.rounded(x), table)
  }
}
