import KerasCore
import KerasGraph
import OrderedCollections

/// Masks the time steps whose features all equal `mask_value`, and sets them to zero.
public struct Masking: Layer {
  public static let className = "Masking"

  let maskValue: Double

  public init(_ config: inout ConfigReader) throws(ModelError) {
    maskValue = try config.double("mask_value", default: 0)
  }

  public var config: OrderedDictionary<String, JSON> { ["mask_value": .number(maskValue)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let x = try context.cast(call.single().value, to: .float32)
    let last = context.shape(x).rank - 1
    let differs = try context.op(.compare(.notEqual), x, context.constant(Float(maskValue)))
    let kept = try context.op(.reduce(.any, axes: [last], keepDimensions: true), differs)
    let y = try context.op(.binary(.multiply), x, context.op(.cast(.float32), kept))
    let mask = try context.op(.reduce(.any, axes: [last], keepDimensions: false), differs)
    return [LayerTensor(y, mask: mask)]
  }
}
