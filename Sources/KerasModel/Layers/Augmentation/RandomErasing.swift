import KerasCore
import KerasGraph

/// In training covers random rectangles; the images themselves at inference.
public struct RandomErasing: ImageAugmentation {
  public static let className = "RandomErasing"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let pattern = try context.perSample(images)
    let scale = try fields.share("scale")
    let across = try context.f(.squareRoot, context.uniform(like: pattern, scale))
    let down = try context.f(.squareRoot, context.uniform(like: pattern, scale))
    var draws = try context.rectangle(in: images, across: across, down: down)
    draws["apply_erasing"] = try context.chance(like: pattern, fields.share("factor"))
    if fields["fill_value"].isNull {
      let noise = try context.normal(like: images)
      draws["fill_value"] = try context.scaled(noise, by: Float(fields.valueRange().upper))
    }
    return draws
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let filling = try context.clipped(fill(draws, context.shape(images), &context), to: fields.valueRange())
    let erased = try context.op(.select, context.isInside(draws, of: images), filling, images)
    return try context.op(.select, draws("apply_erasing"), erased, images)
  }

  private func fill(
    _ draws: Draws, _ shape: Shape, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let stated = fields["fill_value"]
    if stated.isNull { return try draws("fill_value") }
    if let number = stated.doubleValue { return context.constant(Float(number)) }
    let numbers = stated.arrayValue?.compactMap(\.doubleValue) ?? []
    guard numbers.count == 3, stated.arrayValue?.count == 3 else { throw fields.wrong("fill_value", "1 or 3 numbers") }
    return try context.vector(numbers.map { Float($0) })
  }
}
