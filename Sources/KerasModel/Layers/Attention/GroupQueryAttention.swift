import KerasCore
import KerasGraph
import OrderedCollections

/// Multi-head attention whose query heads share fewer heads of keys and values, in groups of neighbours.
///
/// Inputs are query, value and (else the value) key, `(batch, time, features)`. Keras 3's class is
/// `GroupedQueryAttention`, saved by its public name.
public struct GroupQueryAttention: Layer {
  public static let className = "GroupQueryAttention"
  public static let inputArguments = ["query", "value", "key"]

  let headSize: Int
  let queryHeads: Int
  let sharedHeads: Int
  let fields: AttentionFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    headSize = try config.positiveInt("head_dim")
    queryHeads = try config.positiveInt("num_query_heads")
    sharedHeads = try config.positiveInt("num_key_value_heads")
    fields = try AttentionFields(&config)
    guard queryHeads % sharedHeads == 0 else {
      throw config.wrong("num_query_heads", "a multiple of num_key_value_heads", JSON(queryHeads))
    }
  }

  public var config: OrderedDictionary<String, JSON> {
    var result: OrderedDictionary<String, JSON> = [
      "head_dim": JSON(headSize), "num_query_heads": JSON(queryHeads), "num_key_value_heads": JSON(sharedHeads),
    ]
    fields.write(to: &result)
    return result
  }

  private func projections(_ query: Shape) throws(ModelError) -> AttentionProjections {
    AttentionProjections(
      query: try fields.projection("query", holder: "_query_dense", heads: queryHeads, size: headSize),
      key: try fields.projection("key", holder: "_key_dense", heads: sharedHeads, size: headSize),
      gate: fields.useGate
        ? try fields.projection(
          "gate", holder: "_gate_dense", heads: queryHeads, size: headSize,
          activation: ActivationFunction("sigmoid", field: "gate")) : nil,
      value: try fields.projection("value", holder: "_value_dense", heads: sharedHeads, size: headSize),
      output: try fields.outputProjection(holder: "_output_dense", sizes: [query.known(axis: -1)]))
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let (query, value, key) = try AttentionCall.shapes(inputs)
    try query.expectRank(3)
    let projected = Shape([query[0], query[1], queryHeads, headSize])
    return try projections(query).weights(query: query, key: key, value: value, projected: projected)
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let call = try AttentionCall(call)
    for input in [call.query, call.value, call.key] { try context.shape(input.value).expectRank(3) }
    let projections = try projections(context.shape(call.query.value))
    let query = try AttentionProjections.apply(projections.query, to: call.query.value, &context)
    let key = try AttentionProjections.apply(projections.key, to: call.key.value, &context)
    let gate = try projections.gate.map { gate throws(ModelError) in
      try AttentionProjections.apply(gate, to: call.query.value, &context)
    }
    let value = try AttentionProjections.apply(projections.value, to: call.value.value, &context)

    let queryRows = try grouped(query, heads: queryHeads / sharedHeads, &context)
    let scaled = try context.scaled(queryRows, by: Float(1 / Double(headSize).squareRoot()))
    let scores = try context.op(
      .matmul(transposeA: false, transposeB: true), scaled, grouped(key, heads: 1, &context))
    let mask = try call.mask(window: fields.window, scores: scores, &context)
    // Otherwise Keras takes a fused product, which spreads evenly.
    let zeroesMasked = fields.dropout > 0 || call.returnsScores
    let weights = try AttentionMask.weights(of: scores, mask, zeroesMasked: zeroesMasked, &context)
    let kept = context.isTraining ? try context.dropout(weights, rate: fields.dropout, pattern: weights) : weights
    let product = try context.op(
      .matmul(transposeA: false, transposeB: false), kept, grouped(value, heads: 1, &context))
    let byTime = try context.op(.transpose([0, 3, 1, 2, 4]), product)
    let sizes = context.dimensions(of: byTime)
    var heads = try context.op(.reshape(sizes[..<2] + [.fixed(queryHeads), .fixed(headSize)]), byTime)
    if let gate { heads = try context.op(.binary(.multiply), heads, gate) }
    let output = try AttentionProjections.apply(projections.output, to: heads, &context)
    let result = LayerTensor(output, mask: call.query.mask)
    guard call.returnsScores else { return [result] }
    let scoreSizes = context.dimensions(of: weights)
    let byHead = try context.op(.reshape([scoreSizes[0], .fixed(queryHeads)] + scoreSizes[3...]), weights)
    return [result, LayerTensor(byHead)]
  }

  /// `(batch, time, shared heads · heads, size)` as `(batch, shared heads, heads, time, size)`.
  private func grouped(_ x: Value, heads: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let sizes = context.dimensions(of: x)
    let split = try context.op(
      .reshape(sizes[..<2] + [.fixed(sharedHeads), .fixed(heads), .fixed(headSize)]), x)
    return try context.op(.transpose([0, 2, 3, 1, 4]), split)
  }
}
