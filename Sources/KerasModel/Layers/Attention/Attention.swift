import KerasCore
import KerasGraph
import OrderedCollections

/// softmax(scores of query and key) · value, by dot products or by Σ tanh(q + k).
public struct Attention: DenseAttention {
  public static let className = "Attention"

  let useScale: Bool
  let scoreMode: String
  let dropout: Double
  let isCausal: Bool
  private let seed: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    useScale = try config.bool("use_scale", default: false)
    scoreMode = try config.choice("score_mode", ["dot", "concat"], default: "dot")
    dropout = try config.double("dropout", default: 0)
    isCausal = try config.bool("keraskit>causal", default: false)
    seed = config.json("seed")
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "use_scale": .bool(useScale), "score_mode": .string(scoreMode), "dropout": .number(dropout), "seed": seed,
    ]
    if isCausal { fields["keraskit>causal"] = true }
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    _ = try inputShapes(inputs)
    var specs: [WeightSpec] = []
    if useScale { specs.append(WeightSpec("scale", [])) }
    if scoreMode == "concat" { specs.append(WeightSpec("concat_score_weight", [])) }
    return specs
  }

  func scores(_ query: Value, _ key: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    if scoreMode == "dot" {
      let scores = try context.op(.matmul(transposeA: false, transposeB: true), query, key)
      return useScale ? try context.op(.binary(.multiply), scores, context.weight("scale")) : scores
    }
    var sums = try pairSums(query, key, &context)
    if useScale { sums = try context.op(.binary(.multiply), sums, context.weight("scale")) }
    let last = context.shape(sums).rank - 1
    let total = try context.op(
      .reduce(.sum, axes: [last], keepDimensions: false), context.op(.unary(.tanh), sums))
    return try context.op(.binary(.multiply), total, context.weight("concat_score_weight"))
  }
}
