import KerasCore
import KerasGraph
import OrderedCollections

/// softmax(Σ scale · tanh(query + key)) · value (Bahdanau).
public struct AdditiveAttention: DenseAttention {
  public static let className = "AdditiveAttention"

  let useScale: Bool
  let dropout: Double
  let isCausal: Bool
  private let seed: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    useScale = try config.bool("use_scale", default: true)
    dropout = try config.double("dropout", default: 0)
    isCausal = try config.bool("keraskit>causal", default: false)
    seed = config.json("seed")
    config.ignore("score_mode")
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "use_scale": .bool(useScale), "dropout": .number(dropout), "seed": seed,
    ]
    if isCausal { fields["keraskit>causal"] = true }
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let query = try inputShapes(inputs).query
    return useScale ? [WeightSpec("scale", [try query.known(axis: -1)])] : []
  }

  func scores(_ query: Value, _ key: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    var terms = try context.op(.unary(.tanh), pairSums(query, key, &context))
    if useScale { terms = try context.op(.binary(.multiply), terms, context.weight("scale")) }
    return try context.op(
      .reduce(.sum, axes: [context.shape(terms).rank - 1], keepDimensions: false), terms)
  }
}
