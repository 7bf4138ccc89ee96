import KerasCore
import KerasGraph

/// In training moves images at random; the images themselves at inference.
public struct RandomTranslation: ImageAugmentation {
  public static let className = "RandomTranslation"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  init(fields: AugmentationFields) { self.fields = fields }

  /// Pixels to the right and down.
  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let pattern = try context.perSample(images)
    func shift(_ key: String, _ axis: Int, _ context: inout LoweringContext) throws(ModelError) -> Value {
      let share = try context.uniform(like: pattern, fields.sortedRange(key))
      return try context.f(.multiply, share, context.size(of: images, axis: axis))
    }
    let height = try shift("height_factor", 1, &context)
    return Draws(["height_translation": height, "width_translation": try shift("width_factor", 2, &context)])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let (zero, one) = (context.constant(0), context.constant(1))
    let matrix = [
      one, zero, try context.f(.negate, draws("width_translation")), zero, one,
      try context.f(.negate, draws("height_translation")),
    ]
    return try fields.sampling().affine(images, matrix, &context)
  }
}
