import KerasCore
import KerasGraph

/// In training shifts the hue at random; the images themselves at inference.
public struct RandomHue: ImageAugmentation {
  public static let className = "RandomHue"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  init(fields: AugmentationFields) { self.fields = fields }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let pattern = try context.perSample(images)
    let sign = try context.randomSign(like: pattern)
    let share = try context.uniform(like: pattern, fields.share("factor"))
    return Draws(["factor": try context.scaled(context.f(.multiply, sign, share), by: 0.5)])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let (range, unit) = (try fields.valueRange(), DrawRange(0, 1))
    let result = try context.inHueSaturationValue(context.rescaled(images, from: range, to: unit)) {
      hue, saturation, context throws(ModelError) in
      let shifted = try context.f(.add, hue, draws("factor"))
      let lowered = try context.op(
        .select, context.f(.greater, shifted, 1), context.shifted(shifted, by: -1), shifted)
      let turned = try context.op(
        .select, context.f(.less, lowered, 0), context.shifted(lowered, by: 1), lowered)
      return (turned, saturation)
    }
    return try context.rescaled(context.clipped(result, to: unit), from: unit, to: range)
  }
}
