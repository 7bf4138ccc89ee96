import KerasCore
import KerasGraph

/// In training scales the saturation at random; the images themselves at inference.
///
/// As Keras 3.15.1 the saturation, which lies between 0 and 1 whatever the pixels' range, is cut to `value_range`.
public struct RandomSaturation: ImageAugmentation {
  public static let className = "RandomSaturation"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  init(fields: AugmentationFields) { self.fields = fields }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let share = try context.uniform(like: context.perSample(images), fields.sortedRange("factor"))
    let rest = try context.shifted(context.f(.negate, share), by: 1 + 1e-7)
    return Draws(["factor": try context.f(.divide, share, rest)])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    try context.inHueSaturationValue(images) { hue, saturation, context throws(ModelError) in
      let scaled = try context.f(.multiply, saturation, draws("factor"))
      return (hue, try context.clipped(scaled, to: fields.valueRange()))
    }
  }
}
