import KerasCore
import KerasGraph

/// In training turns images by a random angle; the images themselves at inference.
public struct RandomRotation: ImageAugmentation {
  public static let className = "RandomRotation"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  init(fields: AugmentationFields) { self.fields = fields }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let turns = try fields.sortedRange("factor")
    let degrees = DrawRange(turns.lower * 360, turns.upper * 360)
    return Draws(["angle": try context.uniform(like: context.perSample(images), degrees)])
  }

  /// About the image's centre, by `angle` in degrees.
  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let angle = try context.scaled(draws("angle"), by: Float.pi / 180)
    let (cosine, sine) = (try context.f(.cosine, angle), try context.f(.sine, angle))
    let turned = try context.f(.negate, sine)
    let x = try context.centre(of: images, axis: 2)
    let y = try context.centre(of: images, axis: 1)
    // The centre stays where it is.
    func offset(
      _ centre: Value, _ a: Value, _ b: Value, _ context: inout LoweringContext
    ) throws(ModelError) -> Value {
      let moved = try context.f(.add, context.f(.multiply, x, a), context.f(.multiply, y, b))
      return try context.f(.subtract, centre, moved)
    }
    let matrix = [
      cosine, turned, try offset(x, cosine, turned, &context), sine, cosine, try offset(y, sine, cosine, &context),
    ]
    return try fields.sampling().affine(images, matrix, &context)
  }
}
