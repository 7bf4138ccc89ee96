import KerasCore
import KerasGraph

/// Which positions a query may attend to: bool `(batch, query time, value time)`, or smaller where it broadcasts.
struct AttentionMask {
  var isCausal = false
  /// Positions nearer than this only, in both directions.
  var window: Int?

  /// All of the given masks together; `nil` if there are none.
  func value(
    query: Value?, keys: [Value?], given: Value?, scores: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value? {
    var parts: [Value] = []
    if let query { parts.append(try timeMask(query, axis: 2, &context)) }
    for case let key? in keys { parts.append(try timeMask(key, axis: 1, &context)) }
    if isCausal || window != nil {
      let rank = context.shape(scores).rank
      let (rows, columns) = try (positions(scores, rank - 2, &context), positions(scores, rank - 1, &context))
      if isCausal { parts.append(try context.op(.compare(.greaterOrEqual), rows, columns)) }
      if let window {
        let distance = try context.op(.unary(.absolute), context.op(.binary(.subtract), rows, columns))
        parts.append(try context.op(.compare(.less), distance, context.constant(Float(window))))
      }
    }
    if let given { parts.append(try context.cast(given, to: .bool)) }
    guard var mask = parts.first else { return nil }
    for part in parts.dropFirst() { mask = try context.op(.binary(.logicalAnd), mask, part) }
    return mask
  }

  private func timeMask(_ mask: Value, axis: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
    try context.shape(mask).expectRank(2)
    return try context.expanded(context.cast(mask, to: .bool), axis: axis)
  }

  /// 0, 1, 2 … along one of the last two axes of the scores, as a matrix of one column or one row.
  private func positions(_ scores: Value, _ axis: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let rank = context.shape(scores).rank
    // Only its length matters.
    let line = try context.op(
      .reduce(.sum, axes: (0..<rank).filter { $0 != axis }, keepDimensions: false), scores)
    let numbers = try context.cast(context.op(.iota(axis: 0), line), to: .float32)
    return try context.expanded(numbers, axis: axis == rank - 1 ? 0 : 1)
  }

  /// Softmax over the last axis of the scores, masked positions left out; axes of one go before the mask's last two.
  ///
  /// A row without any position left spreads evenly, or with `zeroesMasked` is zero: Keras 3.15's Softmax layer.
  static func weights(
    of scores: Value, _ mask: Value?, zeroesMasked: Bool = false, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let rank = context.shape(scores).rank
    guard var mask else { return try context.op(.softmax(axis: rank - 1), scores) }
    let maskRank = context.shape(mask).rank
    guard maskRank >= 2, maskRank <= rank else {
      throw ModelError(.inputShape(expected: "an attention mask of at most \(rank) axes", found: context.shape(mask)))
    }
    for _ in maskRank..<rank { mask = try context.expanded(mask, axis: context.shape(mask).rank - 2) }
    let left = try context.op(.select, mask, scores, context.constant(-1e9))
    let weights = try context.op(.softmax(axis: rank - 1), left)
    return zeroesMasked ? try context.op(.binary(.multiply), weights, context.cast(mask, to: .float32)) : weights
  }
}
