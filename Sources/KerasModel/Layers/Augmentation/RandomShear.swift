import KerasCore
import KerasGraph

/// In training shears images at random; the images themselves at inference.
public struct RandomShear: ImageAugmentation {
  public static let className = "RandomShear"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  init(fields: AugmentationFields) { self.fields = fields }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let pattern = try context.perSample(images)
    let sign = try context.randomSign(like: pattern)
    func shear(_ key: String, _ context: inout LoweringContext) throws(ModelError) -> Value {
      try context.f(.multiply, sign, context.uniform(like: pattern, fields.sortedRange(key)))
    }
    let y = try shear("y_factor", &context)
    return Draws(["shear_x": try shear("x_factor", &context), "shear_y": y])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let (zero, one) = (context.constant(0), context.constant(1))
    let matrix = [one, try draws("shear_x"), zero, try draws("shear_y"), one, zero]
    return try fields.sampling().affine(images, matrix, &context)
  }
}
