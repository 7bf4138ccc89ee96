import KerasCore
import KerasGraph

/// In training distorts images by a random perspective; the images themselves at inference.
public struct RandomPerspective: ImageAugmentation {
  public static let className = "RandomPerspective"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  /// The corners' new places: `end_x_0` to `end_y_3`, from left to right and top to bottom.
  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let pattern = try context.perSample(images)
    var draws = Draws(["apply_perspective": try context.chance(like: pattern, fields.share("factor"))])
    let half = try fields.number("scale", default: 1) / 2
    for (index, corner) in try Corner.all(of: images, &context).enumerated() {
      for (name, place) in [("x", corner.x), ("y", corner.y)] {
        let change = try context.uniform(like: pattern, DrawRange(-half, half))
        draws["end_\(name)_\(index)"] = try context.f(.add, place, context.f(.multiply, place, change))
      }
    }
    return draws
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    var ends: [Corner] = []
    for index in 0..<4 { ends.append(Corner(x: try draws("end_x_\(index)"), y: try draws("end_y_\(index)"))) }
    let matrix = try context.homography(from: ends, to: Corner.all(of: images, &context))
    // The operation has no fill mode: TensorFlow's default is a constant.
    let result = try fields.sampling().projected(images, matrix, &context)
    return try context.op(.select, draws("apply_perspective"), result, images)
  }
}
