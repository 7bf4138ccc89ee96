import KerasCore
import KerasGraph

/// In training keeps a random number of bits per channel; the images themselves at inference.
public struct RandomPosterization: ImageAugmentation {
  public static let className = "RandomPosterization"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  init(fields: AugmentationFields) { self.fields = fields }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let range = try fields.range("factor") { DrawRange(max(-$0, 1), $0) }
    let (low, high) = (min(range.lower, range.upper), max(range.lower, range.upper))
    let pattern = try context.perSample(images)
    // Whole numbers below the upper bound; equal bounds are the number itself.
    let bits =
      try low == high
      ? context.shifted(context.scaled(context.uniform(like: pattern), by: 0), by: Float(low))
      : context.f(.floor, context.uniform(like: pattern, DrawRange(low, high)))
    return Draws(["shift_factor": try context.shifted(context.f(.negate, bits), by: 8)])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let (range, bytes) = (try fields.valueRange(), DrawRange(0, 255))
    let pixels = try context.rescaled(images, from: range, to: bytes)
    // As a byte, which holds numbers modulo 256.
    let whole = try context.f(.modulo, context.cast(context.cast(pixels, to: .int32), to: .float32), 256)
    let step = try context.f(.power, context.constant(2), draws("shift_factor"))
    let kept = try context.f(.multiply, context.f(.floor, context.f(.divide, whole, step)), step)
    return try context.rescaled(kept, from: bytes, to: range)
  }
}
