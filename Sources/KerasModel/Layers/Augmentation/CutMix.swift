import KerasCore
import KerasGraph

/// In training puts random parts of other images of the batch in; the images themselves at inference.
public struct CutMix: ImageAugmentation {
  public static let className = "CutMix"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let pattern = try context.perSample(images)
    let alpha = try context.shifted(context.uniform(like: context.perBatch(images), fields.share("factor")), by: 1e-6)
    let weight = try context.beta(like: pattern, alpha)
    let ratio = try context.f(.squareRoot, context.f(.subtract, context.constant(1), weight))
    var draws = try context.rectangle(in: images, across: ratio, down: ratio)
    draws["permutation_order"] = try context.permutation(of: images)
    return draws
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let others = try context.op(.gatherRows, images, draws("permutation_order"))
    return try context.op(.select, context.isInside(draws, of: images), others, images)
  }
}
