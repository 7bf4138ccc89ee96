import KerasCore
import KerasGraph

/// The quantized table of an Embedding, `(rows, width)`, or of a ReversibleEmbedding's way back.
struct QuantizedTable: Sendable {
  let quantization: Quantization
  let rows: Int
  let width: Int

  private var block: Int? { if case .int4(let block) = quantization.mode { block } else { nil } }
  private var isPacked: Bool { quantization.mode != .int8 }
  private var packedWidth: Int { isPacked ? (width + 1) / 2 : width }

  /// The variables in the order Keras stores them.
  var weights: [WeightSpec] {
    let groups = block.map { [rows, Quantization.groups(width, $0)] } ?? [rows]
    var specs = [
      WeightSpec("embeddings", [rows, packedWidth], trainable: false),
      WeightSpec("embeddings_scale", groups, trainable: false),
    ]
    if block != nil {
      specs.append(WeightSpec("embeddings_zero", groups, trainable: false))
      specs.append(WeightSpec("g_idx", [width], trainable: false))
    }
    return specs
  }

  /// The variables of a way back with a table of its own, `(width, rows)`.
  var reverseWeights: [WeightSpec] {
    let groups = block.map { [Quantization.groups(width, $0), rows] } ?? [rows]
    let specs = [
      WeightSpec("reverse_embeddings", [packedWidth, rows], trainable: false),
      WeightSpec("reverse_embeddings_scale", groups, trainable: false),
    ]
    return specs + (block == nil ? [] : [WeightSpec("reverse_embeddings_zero", groups, trainable: false)])
  }

  /// The table as numbers, `(rows, width)`.
  func value(_ context: inout LoweringContext) throws(ModelError) -> Value {
    let scale = try context.weight("embeddings_scale")
    let q = try integers(context.weight("embeddings"), &context)
    guard block != nil else { return try context.f(.divide, q, context.expanded(scale, axis: 1)) }
    let back = try context.dequantized(
      context.op(.transpose([1, 0]), q), scale: context.op(.transpose([1, 0]), scale),
      zero: context.op(.transpose([1, 0]), context.weight("embeddings_zero")), groupOfRow: context.weight("g_idx"))
    return try context.op(.transpose([1, 0]), back)
  }

  private func integers(_ stored: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    isPacked ? try context.unpacked(stored, count: width, isSigned: true) : stored
  }

  /// x `(…, width)` times the transposed table; `isTied` where it is the table of the way there.
  func reversed(_ x: Value, isTied: Bool, _ context: inout LoweringContext) throws(ModelError) -> Value {
    guard !context.isTraining else {
      throw ModelError(.unsupported("training a ReversibleEmbedding that is quantized"))
    }
    var kernel: Value
    var divisor: Value?
    if isTied {
      kernel =
        block == nil ? try integers(context.weight("embeddings"), &context) : try value(&context)
      divisor = block == nil ? try context.weight("embeddings_scale") : nil
      kernel = try context.op(.transpose([1, 0]), kernel)
    } else {
      let stored = try context.op(.transpose([1, 0]), context.weight("reverse_embeddings"))
      kernel = try context.op(.transpose([1, 0]), integers(stored, &context))
      if block == nil {
        divisor = try context.weight("reverse_embeddings_scale")
      } else {
        kernel = try context.dequantized(
          kernel, scale: context.weight("reverse_embeddings_scale"), zero: context.weight("reverse_embeddings_zero"),
          groupOfRow: context.weight("g_idx"))
      }
    }
    var input = x
    if let inputs = quantization.inputs {
      let (values, scale) = try inputs.quantized(x, axes: [context.shape(x).rank - 1], &context)
      input = values
      divisor = try divisor.map { own throws(ModelError) in try context.f(.multiply, scale, own) } ?? scale
    }
    let product = try context.op(.matmul(transposeA: false, transposeB: false), input, kernel)
    return try divisor.map { divisor throws(ModelError) in try context.f(.divide, product, divisor) } ?? product
  }
}
