import KerasCore
import KerasGraph
import OrderedCollections

/// How the masks of several inputs become one.
enum MaskMerging: String, Sendable {
  /// A step counts if any input has it, and only if all inputs have masks (Keras 3).
  case any
  /// A step counts if all inputs have it; inputs without a mask have all steps (before Keras 3).
  case all

  func merge(_ inputs: [LayerTensor], _ context: inout LoweringContext) throws(ModelError) -> Value? {
    let masks = inputs.compactMap(\.mask)
    guard var merged = masks.first, self == .all || masks.count == inputs.count else { return nil }
    for mask in masks.dropFirst() {
      merged = try context.op(.binary(self == .any ? .logicalOr : .logicalAnd), merged, mask)
    }
    return merged
  }
}

extension ConfigReader {
  mutating func maskMerging() throws(ModelError) -> MaskMerging {
    MaskMerging(rawValue: try choice("keraskit>mask", ["any", "all"], default: "any")) ?? .any
  }
}

/// What Add, Multiply and their like share: an operation over two or more inputs that broadcast.
///
/// Inputs of lower rank get axes of size 1 behind the batch, as in every Keras since 2.
struct ElementwiseMerge: Sendable {
  let masks: MaskMerging

  init(_ config: inout ConfigReader) throws(ModelError) { masks = try config.maskMerging() }

  var config: OrderedDictionary<String, JSON> { masks == .any ? [:] : ["keraskit>mask": .string(masks.rawValue)] }

  func merged(
    _ call: LayerCall, exactly count: Int? = nil, _ operation: Binary, averages: Bool = false,
    _ context: inout LoweringContext
  ) throws(ModelError) -> [LayerTensor] {
    guard count.map({ $0 == call.inputs.count }) ?? !call.inputs.isEmpty else {
      throw ModelError(
        .inputCount(expected: count.map { "\($0) inputs" } ?? "inputs to merge", found: call.inputs.count))
    }
    let rank = call.inputs.map { context.shape($0.value).rank }.max() ?? 0
    var result: Value?
    for input in call.inputs {
      var x = input.value
      while context.shape(x).rank < rank { x = try context.expanded(x, axis: min(1, context.shape(x).rank)) }
      result = if let sum = result { try context.op(.binary(operation), sum, x) } else { x }
    }
    guard var result else { return [] }
    if averages { result = try context.scaled(result, by: 1 / Float(call.inputs.count)) }
    return [LayerTensor(result, mask: try masks.merge(call.inputs, &context))]
  }
}
