import KerasCore
import KerasGraph

/// In training inverts the colours of random images; the images themselves at inference.
public struct RandomInvert: ImageAugmentation {
  public static let className = "RandomInvert"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    Draws(["apply_inversion": try context.chance(like: context.perSample(images), fields.share("factor"))])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let inverted = try context.f(.subtract, context.constant(Float(fields.valueRange().upper)), images)
    return try context.op(.select, draws("apply_inversion"), inverted, images)
  }
}
