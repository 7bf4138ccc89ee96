import KerasCore
import KerasGraph

/// In training blends images of the batch with each other; the images themselves at inference.
public struct MixUp: ImageAugmentation {
  public static let className = "MixUp"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let alpha = context.constant(Float(try fields.number("alpha", default: 0.2)))
    let order = try context.permutation(of: images)
    return Draws([
      "permutation_order": order, "mix_weight": try context.beta(like: context.perSample(images), alpha),
    ])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let others = try context.op(.gatherRows, images, draws("permutation_order"))
    return try context.blended(others, images, share: draws("mix_weight"))
  }
}
