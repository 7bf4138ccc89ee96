import KerasCore
import KerasGraph

/// In training inverts pixels above a random threshold; the images themselves at inference.
public struct Solarization: ImageAugmentation {
  public static let className = "Solarization"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  init(fields: AugmentationFields) { self.fields = fields }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let pattern = try context.perSample(images)
    func pixel(_ key: String, _ context: inout LoweringContext) throws(ModelError) -> Value {
      let range = try fields.share(key)
      // Keras scales the upper bound only.
      return try context.uniform(like: pattern, DrawRange(range.lower, range.upper * 255))
    }
    let additions = try pixel("addition_factor", &context)
    return Draws(["additions": additions, "thresholds": try pixel("threshold_factor", &context)])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let (range, bytes) = (try fields.valueRange(), DrawRange(0, 255))
    let pixels = try context.rescaled(images, from: range, to: bytes)
    let added = try context.clipped(context.f(.add, pixels, draws("additions")), to: bytes)
    let inverted = try context.f(.subtract, context.constant(255), added)
    let result = try context.op(.select, context.f(.less, added, draws("thresholds")), added, inverted)
    return try context.rescaled(result, from: bytes, to: range)
  }
}
