import KerasCore
import KerasGraph

/// In training blurs images with a random width; the images themselves at inference.
public struct RandomGaussianBlur: ImageAugmentation {
  public static let className = "RandomGaussianBlur"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let applies = try context.chance(like: context.perSample(images), fields.share("factor"))
    // Two deviations for the whole batch.
    let sigma = try fields.share("sigma")
    var draws = Draws(["should_apply_blur": applies])
    for name in ["blur_factor_0", "blur_factor_1"] {
      draws[name] = try context.shifted(context.uniform(like: context.perBatch(images), sigma), by: 1e-6)
    }
    return draws
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let size = try fields.range("kernel_size") { DrawRange($0, $0) }
    guard (1...255).contains(size.lower), (1...255).contains(size.upper) else {
      throw fields.wrong("kernel_size", "odd numbers from 1 to 255")
    }
    // Keras gives the first size and deviation to the columns' kernel, and the kernel's rows the second.
    let columns = try context.bell(Int(size.lower), deviation: draws("blur_factor_0"))
    let rows = try context.bell(Int(size.upper), deviation: draws("blur_factor_1"))
    let blurred = try context.blurred(images, rows: rows, columns: columns, shape: [Int(size.lower), Int(size.upper)])
    let result = try context.op(.select, draws("should_apply_blur"), blurred, images)
    return try context.clipped(result, to: fields.valueRange())
  }
}
