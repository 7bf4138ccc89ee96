import KerasCore
import KerasGraph
import OrderedCollections

/// What Embedding and ReversibleEmbedding have in common: the table and the way from integers to its rows.
struct EmbeddingFields: Sendable {
  let inputDim: Int
  let outputDim: Int
  let embeddings: VariableOptions
  let maskZero: Bool
  let quantization: Quantization?
  /// The share of the table's rows that Keras 1 dropped in training, at each step anew.
  let rowDropout: Double
  private let lora: LowRankAdaptation?

  init(_ config: inout ConfigReader, className: String) throws(ModelError) {
    inputDim = try config.positiveInt("input_dim")
    outputDim = try config.positiveInt("output_dim")
    embeddings = try VariableOptions("embeddings", &config)
    maskZero = try config.bool("mask_zero", default: false)
    quantization = try Quantization(&config, className: className)
    lora = try LowRankAdaptation(&config)
    rowDropout = try config.double("keraskit>row_dropout", default: 0)
    config.ignore("input_length", "weights", "sparse")
  }

  var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = ["input_dim": JSON(inputDim), "output_dim": JSON(outputDim)]
    embeddings.write(to: &fields)
    fields["mask_zero"] = .bool(maskZero)
    lora?.write(to: &fields)
    if rowDropout > 0 { fields["keraskit>row_dropout"] = .number(rowDropout) }
    return fields
  }

  var table: QuantizedTable? {
    quantization.map { QuantizedTable(quantization: $0, rows: inputDim, width: outputDim) }
  }

  var weights: [WeightSpec] {
    if let table { return table.weights }
    var spec = embeddings.spec("embeddings", [inputDim, outputDim])
    spec.trainable = lora == nil
    return [spec]
  }

  func lookup(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let indices = try context.cast(call.single().value, to: .int32)
    var table = if let table { try table.value(&context) } else { try context.weight("embeddings") }
    if context.isTraining, rowDropout > 0, rowDropout < 1 {
      // Keras 1.2.2, layers/embeddings.py: one draw for each row.
      table = try context.dropout(
        table, rate: rowDropout, pattern: context.sliced(table, axis: 1, from: 0, to: 1))
    }
    let rows = try context.op(.gatherRows, table, indices)
    guard maskZero else { return [LayerTensor(rows)] }
    let zero = try context.cast(context.constant(0), to: .int32)
    return [LayerTensor(rows, mask: try context.op(.compare(.notEqual), indices, zero))]
  }
}
