import KerasCore
import KerasGraph
import OrderedCollections

/// The product of two or more inputs.
///
/// In Keras 3 a masked step of an input counts as 1, and as 0 where all inputs have masks and none has the step.
public struct Multiply: Layer {
  public static let className = "Multiply"

  let merge: ElementwiseMerge

  public init(_ config: inout ConfigReader) throws(ModelError) { merge = try ElementwiseMerge(&config) }

  public var config: OrderedDictionary<String, JSON> { merge.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard merge.masks == .any, call.inputs.contains(where: { $0.mask != nil }) else {
      return try merge.merged(call, .multiply, &context)
    }
    var call = call
    for (index, input) in call.inputs.enumerated() {
      guard let mask = input.mask else { continue }
      let rank = context.shape(input.value).rank
      call.inputs[index].value = try context.op(
        .select, kept(mask, rank: rank, &context), input.value, context.constant(1))
    }
    let results = try merge.merged(call, .multiply, &context)
    guard let result = results.first, let mask = result.mask else { return results }
    let isKept = try kept(mask, rank: context.shape(result.value).rank, &context)
    return [LayerTensor(try context.op(.select, isKept, result.value, context.constant(0)), mask: mask)]
  }

  /// The mask with axes of size 1 for the features.
  private func kept(_ mask: Value, rank: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
    var mask = mask
    while context.shape(mask).rank < rank { mask = try context.expanded(mask, axis: context.shape(mask).rank) }
    return mask
  }
}
