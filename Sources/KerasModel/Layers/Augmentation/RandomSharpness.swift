import KerasCore
import KerasGraph

/// In training blends images with a smoothed version; the images themselves at inference.
public struct RandomSharpness: ImageAugmentation {
  public static let className = "RandomSharpness"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  init(fields: AugmentationFields) { self.fields = fields }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    Draws(["factor": try context.uniform(like: context.perSample(images), fields.share("factor"))])
  }

  /// A factor of 0.5 changes nothing: less smooths, more sharpens.
  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let (a, b): (Float, Float) = (1.0 / 13, 5.0 / 13)
    let smooth = try context.filtered(images, [a, a, a, a, b, a, a, a, a], size: 3)
    let weight = try context.shifted(context.scaled(draws("factor"), by: -2), by: 1)
    let change = try context.f(.multiply, weight, context.f(.subtract, smooth, images))
    return try context.clipped(context.f(.add, images, change), to: fields.valueRange())
  }
}
