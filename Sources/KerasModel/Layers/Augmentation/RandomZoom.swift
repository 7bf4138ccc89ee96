import KerasCore
import KerasGraph

/// In training enlarges or shrinks images at random; the images themselves at inference.
public struct RandomZoom: ImageAugmentation {
  public static let className = "RandomZoom"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  /// What lies in the image's height and width of the result: above 1 shrinks.
  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let pattern = try context.perSample(images)
    func zoom(_ key: String, _ context: inout LoweringContext) throws(ModelError) -> Value {
      let range = try fields.sortedRange(key)
      return try context.uniform(like: pattern, DrawRange(1 + range.lower, 1 + range.upper))
    }
    let height = try zoom("height_factor", &context)
    let width = fields["width_factor"].isNull ? height : try zoom("width_factor", &context)
    return Draws(["height_zoom": height, "width_zoom": width])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let zero = context.constant(0)
    func offset(_ axis: Int, _ zoom: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
      try context.f(
        .multiply, context.centre(of: images, axis: axis), context.f(.subtract, context.constant(1), zoom))
    }
    let (width, height) = (try draws("width_zoom"), try draws("height_zoom"))
    let matrix = [width, zero, try offset(2, width, &context), zero, height, try offset(1, height, &context)]
    return try fields.sampling().affine(images, matrix, &context)
  }
}
