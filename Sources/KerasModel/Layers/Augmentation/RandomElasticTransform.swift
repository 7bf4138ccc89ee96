import KerasCore
import KerasGraph

/// In training moves pixels along a random smooth field; the images themselves at inference.
public struct RandomElasticTransform: ImageAugmentation {
  public static let className = "RandomElasticTransform"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  /// The distortion is one for a batch; each image has a field of noise, by which Keras moves rows and columns alike.
  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    let applies = try context.chance(like: context.perSample(images), fields.share("factor"))
    let noise = try context.normal(like: context.sliced(images, axis: 3, from: 0, to: 1))
    let distortion = try context.uniform(like: context.perBatch(images), fields.share("scale"))
    return Draws(["apply_transform": applies, "distortion_factor": distortion, "noise": noise])
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let (scale, factor) = (try fields.share("scale"), try fields.share("factor"))
    if scale.upper == 0 || factor.upper == 0 { return images }
    let shape = context.shape(images)
    let (rows, columns) = (try shape.known(axis: 1), try shape.known(axis: 2))
    let interpolation = fields["interpolation"].stringValue ?? "bilinear"
    guard let mode = CoordinateFill.Mode(rawValue: fields["fill_mode"].stringValue ?? "reflect") else {
      throw fields.wrong("fill_mode", CoordinateFill.Mode.allCases.map(\.rawValue).joined(separator: ", "))
    }
    let field = ElasticField(
      fill: CoordinateFill(isNearest: interpolation == "nearest", mode: mode),
      fillValue: Float(try fields.number("fill_value")))
    let distortion = try draws("distortion_factor")
    let result = try field.moved(
      images, noise: (draws("noise"), draws("noise")),
      alpha: context.scaled(distortion, by: Float(max(rows, columns)) * 0.1),
      sigma: context.scaled(distortion, by: Float(min(rows, columns)) * 0.05),
      largestSigma: Double(min(rows, columns)) * 0.05 * scale.upper, &context)
    let chosen = try context.op(.select, draws("apply_transform"), result, images)
    return try context.clipped(chosen, to: fields.valueRange())
  }
}
