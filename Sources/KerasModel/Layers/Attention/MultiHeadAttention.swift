import KerasCore
import KerasGraph
import OrderedCollections

/// Several heads of scaled dot-product attention over `attention_axes`, between learned projections.
///
/// Inputs are query, value and (else the value) key, `(batch, time…, features)`.
public struct MultiHeadAttention: Layer {
  public static let className = "MultiHeadAttention"
  public static let inputArguments = ["query", "value", "key"]

  let headCount: Int
  let keySize: Int
  let valueSize: Int
  let outputShape: [Int]?
  let attentionAxes: [Int]?
  let fields: AttentionFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    headCount = try config.positiveInt("num_heads")
    keySize = try config.positiveInt("key_dim")
    valueSize = config.json("value_dim").isNull ? keySize : try config.positiveInt("value_dim")
    outputShape = try Self.list("output_shape", &config)
    attentionAxes = try Self.list("attention_axes", &config)
    fields = try AttentionFields(&config)
  }

  /// Null, a number, or a list of numbers.
  private static func list(_ key: String, _ config: inout ConfigReader) throws(ModelError) -> [Int]? {
    let value = config.json(key)
    if value.isNull { return nil }
    let count = value.arrayValue?.count ?? 1
    guard (1...8).contains(count) else { throw config.wrong(key, "null, a number or a list of numbers", value) }
    return try config.ints(key, count: count)
  }

  public var config: OrderedDictionary<String, JSON> {
    var result: OrderedDictionary<String, JSON> = [
      "num_heads": JSON(headCount), "key_dim": JSON(keySize), "value_dim": JSON(valueSize),
      "output_shape": outputShape.map { JSON($0) } ?? .null,
      "attention_axes": attentionAxes.map { JSON($0) } ?? .null,
    ]
    fields.write(to: &result)
    return result
  }

  private func projections(_ query: Shape) throws(ModelError) -> AttentionProjections {
    let width = try query.known(axis: -1)
    return AttentionProjections(
      query: try fields.projection("query", holder: "query_dense", heads: headCount, size: keySize),
      key: try fields.projection("key", holder: "key_dense", heads: headCount, size: keySize),
      gate: fields.useGate
        ? try fields.projection(
          "gate", holder: "_gate_dense", heads: headCount, size: valueSize,
          activation: ActivationFunction("sigmoid", field: "gate")) : nil,
      value: try fields.projection("value", holder: "value_dense", heads: headCount, size: valueSize),
      output: try fields.outputProjection(
        holder: "output_dense", sizes: outputShape ?? [width]))
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let (query, value, key) = try AttentionCall.shapes(inputs)
    guard query.rank >= 3 else { throw ModelError(.inputShape(expected: "at least 3 axes", found: query)) }
    let projected = Shape(query.dimensions.dropLast() + [headCount, valueSize])
    return try projections(query).weights(query: query, key: key, value: value, projected: projected)
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let call = try AttentionCall(call)
    let shape = context.shape(call.query.value)
    let projections = try projections(shape)
    let axes = try resolvedAxes(shape)
    guard context.shape(call.value.value).rank == shape.rank, context.shape(call.key.value).rank == shape.rank else {
      throw ModelError(.inputShape(expected: "\(shape.rank) axes", found: context.shape(call.value.value)))
    }
    let query = try AttentionProjections.apply(projections.query, to: call.query.value, &context)
    let key = try AttentionProjections.apply(projections.key, to: call.key.value, &context)
    let gate = try projections.gate.map { gate throws(ModelError) in
      try AttentionProjections.apply(gate, to: call.query.value, &context)
    }
    let value = try AttentionProjections.apply(projections.value, to: call.value.value, &context)

    let queryRows = try rows(query, axes, &context)
    let keyRows = try rows(key, axes, &context)
    let valueRows = try rows(value, axes, &context)
    let scores = try context.op(
      .matmul(transposeA: false, transposeB: true),
      context.scaled(queryRows.value, by: Float(1 / Double(keySize).squareRoot())), keyRows.value)
    let mask = try call.mask(window: fields.window, scores: scores, &context)
    if mask != nil, axes.count > 1 || call.isCausal && axes != [1] {
      throw ModelError(.unsupported("a mask on attention over the axes \(axes)"))
    }
    // Otherwise Keras takes a fused product, which spreads evenly.
    let zeroesMasked = fields.dropout > 0 || call.returnsScores || shape.rank != 3
    let weights = try AttentionMask.weights(of: scores, mask, zeroesMasked: zeroesMasked, &context)
    let kept = context.isTraining ? try context.dropout(weights, rate: fields.dropout, pattern: weights) : weights
    let product = try context.op(.matmul(transposeA: false, transposeB: false), kept, valueRows.value)
    var heads = try restored(product, like: queryRows, &context)
    if let gate { heads = try context.op(.binary(.multiply), heads, gate) }
    let output = try AttentionProjections.apply(projections.output, to: heads, &context)
    let result = LayerTensor(output, mask: call.query.mask)
    guard call.returnsScores else { return [result] }
    guard axes.count == 1 else { throw ModelError(.unsupported("attention scores over several axes")) }
    return [result, LayerTensor(weights)]
  }

  private func resolvedAxes(_ query: Shape) throws(ModelError) -> [Int] {
    guard query.rank >= 3 else { throw ModelError(.inputShape(expected: "at least 3 axes", found: query)) }
    guard let attentionAxes else { return Array(1..<query.rank - 1) }
    let resolved = attentionAxes.map { $0 < 0 ? $0 + query.rank : $0 }
    guard resolved.allSatisfy({ (1..<query.rank - 1).contains($0) }), Set(resolved).count == resolved.count else {
      throw ModelError(.inputShape(expected: "the attention axes \(attentionAxes)", found: query))
    }
    return resolved.sorted()
  }

  /// A projected value as `(batch axes…, heads, attended positions, size)`.
  private struct Rows {
    var value: Value
    /// Before the attended axes were joined.
    var arranged: Value
    var permutation: [Int]
  }

  private func rows(_ x: Value, _ axes: [Int], _ context: inout LoweringContext) throws(ModelError) -> Rows {
    let rank = context.shape(x).rank
    let batch = (0..<rank - 2).filter { !axes.contains($0) }
    let permutation = batch + [rank - 2] + axes + [rank - 1]
    let arranged = try context.op(.transpose(permutation), x)
    guard axes.count > 1 else { return Rows(value: arranged, arranged: arranged, permutation: permutation) }
    let sizes = context.dimensions(of: arranged)
    let joined = try context.op(.reshape(sizes[...batch.count] + [.inferred] + sizes.suffix(1)), arranged)
    return Rows(value: joined, arranged: arranged, permutation: permutation)
  }

  private func restored(_ x: Value, like rows: Rows, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let sizes = context.dimensions(of: rows.arranged, operand: 1).dropLast() + [.fixed(valueSize)]
    let split = rows.value == rows.arranged ? x : try context.op(.reshape(Array(sizes)), x, rows.arranged)
    let inverse = rows.permutation.indices.map { axis in rows.permutation.firstIndex(of: axis) ?? axis }
    return try context.op(.transpose(inverse), split)
  }
}
