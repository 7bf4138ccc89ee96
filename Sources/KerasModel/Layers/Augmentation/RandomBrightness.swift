import KerasCore
import KerasGraph

/// In training adds a random part of the value range; the images themselves at inference.
public struct RandomBrightness: ImageAugmentation {
  public static let className = "RandomBrightness"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  init(fields: AugmentationFields) { self.fields = fields }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let range = try fields.valueRange()
    let share = try context.uniform(like: context.perSample(images), fields.sortedRange("factor"))
    return Draws(["rgb_delta": try context.scaled(share, by: Float(abs(range.upper - range.lower)))])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    try context.clipped(context.f(.add, images, draws("rgb_delta")), to: fields.valueRange())
  }
}
