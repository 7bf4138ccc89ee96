import KerasCore
import KerasGraph

/// In training turns random images grey; the images themselves at inference.
public struct RandomGrayscale: ImageAugmentation {
  public static let className = "RandomGrayscale"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let share = try context.uniform(like: context.perSample(images))
    return Draws(["should_apply": try context.f(.less, share, Float(fields.number("factor", default: 0.5)))])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    try context.op(.select, draws("should_apply"), context.grey(images), images)
  }
}
