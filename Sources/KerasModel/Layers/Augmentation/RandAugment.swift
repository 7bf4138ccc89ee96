import KerasCore
import KerasGraph

/// In training applies random augmentations one after the other; the images themselves at inference.
///
/// As Keras computes it, every one of the layers is applied at each step and one result is kept for the whole batch.
public struct RandAugment: ImageAugmentation {
  public static let className = "RandAugment"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  private static let names = [
    "random_shear", "random_translation", "random_rotation", "random_brightness", "random_color_degeneration",
    "random_contrast", "random_sharpness", "random_posterization", "solarization", "auto_contrast", "equalization",
  ]

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    var draws = Draws()
    for step in 0..<(try steps()) {
      let choice = try context.uniform(like: context.perBatch(images), DrawRange(0, Double(Self.names.count)))
      draws["layer_\(step)"] = try context.f(.floor, choice)
    }
    for name in Self.names {
      draws.add(try InnerAugmentation.named(name, in: fields).draw(images, &context), inside: name)
    }
    return draws
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    var result = images
    for step in 0..<(try steps()) {
      let choice = try draws("layer_\(step)")
      for (index, name) in Self.names.enumerated() {
        let changed = try InnerAugmentation.named(name, in: fields)
          .transformed(result, by: draws.inside(name), &context)
        result = try context.op(.select, context.f(.equal, choice, Float(index)), changed, result)
      }
    }
    return result
  }

  private func steps() throws(ModelError) -> Int {
    let count = try fields.number("num_ops", default: 2)
    guard count == count.rounded(), (0...32).contains(count) else { throw fields.wrong("num_ops", "0 to 32") }
    return Int(count)
  }
}
