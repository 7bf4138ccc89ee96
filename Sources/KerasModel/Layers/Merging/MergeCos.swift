import KerasCore
import KerasGraph
import OrderedCollections

/// Keras 1's cosine merge: D(x, y) / max(√max(D(x, x) ∘ D(y, y), 0), 1e-7) with D = `batch_dot`, divided elementwise.
///
/// For inputs of rank 3 only the diagonal is a cosine (measured on 1.0.8 and 1.2.2); `extra_axis` puts an axis of size 1
/// behind the batch as those releases did.
public struct MergeCos: Layer {
  public static let className = "keraskit>MergeCos"

  let axes: ContractedAxes
  let extraAxis: Bool

  public init(_ config: inout ConfigReader) throws(ModelError) {
    axes = try ContractedAxes(&config)
    extraAxis = try config.bool("extra_axis", default: true)
  }

  public var config: OrderedDictionary<String, JSON> { ["axes": axes.json, "extra_axis": .bool(extraAxis)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard call.inputs.count == 2 else { throw ModelError(.inputCount(expected: "2 inputs", found: call.inputs.count)) }
    let (x, y) = (call.inputs[0].value, call.inputs[1].value)
    let product = try axes.contract(x, y, &context)
    let squares = try context.op(
      .binary(.multiply), axes.contract(x, x, &context), axes.contract(y, y, &context))
    let root = try context.op(.unary(.squareRoot), context.op(.unary(.relu), squares))
    let divisor = try context.op(.binary(.maximum), root, context.constant(1e-7))
    let cosine = try context.op(.binary(.divide), product, divisor)
    return [LayerTensor(extraAxis ? try context.expanded(cosine, axis: 1) : cosine)]
  }
}
