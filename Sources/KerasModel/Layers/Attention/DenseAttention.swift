import KerasCore
import KerasGraph

/// What Attention and AdditiveAttention share: inputs `[query, value]` or `[query, value, key]`, masks, the weighted sum.
protocol DenseAttention: Layer {
  var dropout: Double { get }
  /// `causal` of tf.keras before 2.10; later an argument of the call.
  var isCausal: Bool { get }

  /// `(batch, query time, value time)`.
  func scores(_ query: Value, _ key: Value, _ context: inout LoweringContext) throws(ModelError) -> Value
}

extension DenseAttention {
  func inputShapes(_ inputs: [Shape]) throws(ModelError) -> (query: Shape, key: Shape) {
    guard (2...3).contains(inputs.count) else {
      throw ModelError(.inputCount(expected: "2 or 3 inputs", found: inputs.count))
    }
    return (inputs[0], inputs.count > 2 ? inputs[2] : inputs[1])
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    _ = try inputShapes(call.inputs.map { context.shape($0.value) })
    let (query, value) = (call.inputs[0], call.inputs[1])
    let key = call.inputs.count > 2 ? call.inputs[2] : value
    let scores = try scores(query.value, key.value, &context)
    let causal = isCausal || call.arguments["use_causal_mask"] == true
    let mask = try AttentionMask(isCausal: causal).value(
      query: nil, keys: [value.mask], given: nil, scores: scores, &context)
    let weights = try AttentionMask.weights(of: scores, mask, &context)
    let kept = context.isTraining ? try context.dropout(weights, rate: dropout, pattern: weights) : weights
    var output = try context.op(.matmul(transposeA: false, transposeB: false), kept, value.value)
    if let mask = query.mask {
      let column = try context.expanded(context.cast(mask, to: .float32), axis: 2)
      output = try context.op(.binary(.multiply), output, column)
    }
    let result = LayerTensor(output, mask: query.mask)
    return call.arguments["return_attention_scores"] == true ? [result, LayerTensor(weights)] : [result]
  }

  /// q + k for every pair: `(batch, query time, value time, features)`.
  func pairSums(_ query: Value, _ key: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let rank = context.shape(query).rank
    guard rank >= 3, context.shape(key).rank == rank else {
      throw ModelError(.inputShape(expected: "a time axis and features", found: context.shape(query)))
    }
    return try context.op(
      .binary(.add), context.expanded(query, axis: rank - 1), context.expanded(key, axis: rank - 2))
  }
}
