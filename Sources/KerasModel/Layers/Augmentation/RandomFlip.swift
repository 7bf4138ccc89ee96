import KerasCore
import KerasGraph

/// In training mirrors images at random; the images themselves at inference.
///
/// Keras 3.6 and later draw once for an image and mirror it along both axes or none (`random_flip.py`); before, each axis
/// is drawn for.
public struct RandomFlip: ImageAugmentation {
  public static let className = "RandomFlip"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try AugmentationFields(&config, flags: [Self.separateAxes])
  }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let pattern = try context.perSample(images)
    var draws = Draws(["flips": try context.f(.lessOrEqual, context.uniform(like: pattern), 0.5)])
    if fields.has(Self.separateAxes) {
      draws["vertical_flips"] = try context.f(.lessOrEqual, context.uniform(like: pattern), 0.5)
    }
    return draws
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let mode = fields["mode"].isNull ? "horizontal_and_vertical" : fields["mode"].stringValue ?? ""
    guard ["horizontal", "vertical", "horizontal_and_vertical"].contains(mode) else {
      throw fields.wrong("mode", "horizontal, vertical or horizontal_and_vertical")
    }
    var result = images
    if mode != "vertical" {
      result = try context.op(.select, draws("flips"), context.op(.reverse(axes: [2]), result), result)
    }
    if mode != "horizontal" {
      let flips = if let own = draws["vertical_flips"] { own } else { try draws("flips") }
      result = try context.op(.select, flips, context.op(.reverse(axes: [1]), result), result)
    }
    return result
  }

  private static let separateAxes = "keraskit>separate_axes"
}
