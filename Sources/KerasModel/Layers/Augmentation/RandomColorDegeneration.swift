import KerasCore
import KerasGraph

/// In training blends images with their grey version; the images themselves at inference.
public struct RandomColorDegeneration: ImageAugmentation {
  public static let className = "RandomColorDegeneration"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  init(fields: AugmentationFields) { self.fields = fields }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    Draws(["factor": try context.uniform(like: context.perSample(images), fields.sortedRange("factor"))])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let change = try context.f(.subtract, context.grey(images), images)
    let result = try context.f(.add, images, context.f(.multiply, draws("factor"), change))
    return try context.clipped(result, to: fields.valueRange())
  }
}
