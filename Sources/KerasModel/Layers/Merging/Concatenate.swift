import KerasCore
import KerasGraph
import OrderedCollections

/// The inputs one behind the other along `axis`.
public struct Concatenate: Layer {
  public static let className = "Concatenate"

  let axis: Int
  let masks: MaskMerging

  public init(_ config: inout ConfigReader) throws(ModelError) {
    axis = try config.int("axis", default: -1)
    masks = try config.maskMerging()
  }

  public var config: OrderedDictionary<String, JSON> {
    masks == .any ? ["axis": JSON(axis)] : ["axis": JSON(axis), "keraskit>mask": .string(masks.rawValue)]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    guard let first = call.inputs.first else { throw ModelError(.inputCount(expected: "inputs", found: 0)) }
    let shape = context.shape(first.value)
    let axis = try shape.axis(axis)
    let y = try context.ops(.concatenate(axis: axis), call.inputs.map(\.value))[0]
    guard call.inputs.contains(where: { $0.mask != nil }), shape.rank > 2 else { return [LayerTensor(y)] }
    return [LayerTensor(y, mask: try mask(call.inputs, axis: axis, rank: shape.rank, &context))]
  }

  private func mask(
    _ inputs: [LayerTensor], axis: Int, rank: Int, _ context: inout LoweringContext
  ) throws(ModelError) -> Value? {
    guard axis == 1 else {
      // Along the features: an input without a mask has all steps.
      if masks == .any, inputs.contains(where: { $0.mask == nil }) {
        guard let mask = inputs.compactMap(\.mask).first else { return nil }
        return try context.op(.binary(.logicalOr), mask, context.op(.unary(.logicalNot), mask))
      }
      return axis == rank - 1 ? try masks.merge(inputs, &context) : nil
    }
    var parts: [Value] = []
    for input in inputs {
      if let mask = input.mask {
        parts.append(mask)
      } else {
        var step = input.value
        while context.shape(step).rank > 2 {
          step = try context.op(
            .reduce(.maximum, axes: [context.shape(step).rank - 1], keepDimensions: false), step)
        }
        parts.append(try context.op(.compare(.equal), step, step))
      }
    }
    return try context.ops(.concatenate(axis: 1), parts)[0]
  }
}
