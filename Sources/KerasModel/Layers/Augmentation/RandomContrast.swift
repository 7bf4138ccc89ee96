import KerasCore
import KerasGraph

/// In training scales the distance of pixels from their mean at random; the images themselves at inference.
///
/// Keras 3.6 and later and 2.9 to 2.11 draw for each image, other releases once for a batch. Before 2.9 nothing is cut off,
/// later at `value_range`, which only Keras 3.8 and later can state.
public struct RandomContrast: ImageAugmentation {
  public static let className = "RandomContrast"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try AugmentationFields(&config, flags: [Self.once, Self.unclipped])
  }

  init(fields: AugmentationFields) { self.fields = fields }

  /// One number f means 1 − f to 1 + f, as the documentation says; Keras 3.5 and later, which take 1 to 1 + f, save two.
  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let factor = try fields.range("factor") { DrawRange($0, $0) }
    let pattern = try fields.has(Self.once) ? context.perBatch(images) : context.perSample(images)
    return Draws(["contrast_factor": try context.uniform(like: pattern, DrawRange(1 - factor.lower, 1 + factor.upper))])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let mean = try context.total(.mean, images, [1, 2], keeps: true)
    let distance = try context.f(.subtract, images, mean)
    let result = try context.f(.add, context.f(.multiply, distance, draws("contrast_factor")), mean)
    return fields.has(Self.unclipped) ? result : try context.clipped(result, to: fields.valueRange())
  }

  private static let once = "keraskit>per_batch"
  private static let unclipped = "keraskit>unclipped"
}
