import KerasCore
import KerasGraph
import OrderedCollections

/// In training changes brightness, contrast, saturation and hue at random; the images themselves at inference.
public struct RandomColorJitter: ImageAugmentation {
  public static let className = "RandomColorJitter"

  let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    var draws = Draws()
    for (name, layer) in layers { draws.add(try layer.draw(images, &context), inside: name) }
    return draws
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    var result = images
    for (name, layer) in layers { result = try layer.transformed(result, by: draws.inside(name), &context) }
    return result
  }

  /// The layers for the factors that are stated, in Keras' order.
  private var layers: [(String, any ImageAugmentation)] {
    var layers: [(String, any ImageAugmentation)] = []
    func inner(_ className: String, _ factor: String, from zero: Bool = false) -> AugmentationFields? {
      var stated = fields[factor]
      if stated.isNull { return nil }
      // Keras makes the layer anew, and means 0 to f by one number where no factor may be negative.
      if zero, let number = stated.doubleValue { stated = [0, .number(abs(number))] }
      return AugmentationFields(className, ["factor": stated, "value_range": fields["value_range"]])
    }
    if let inner = inner("RandomBrightness", "brightness_factor") {
      layers.append(("random_brightness", RandomBrightness(fields: inner)))
    }
    if let inner = inner("RandomContrast", "contrast_factor", from: true) {
      layers.append(("random_contrast", RandomContrast(fields: inner)))
    }
    if let inner = inner("RandomSaturation", "saturation_factor") {
      layers.append(("random_saturation", RandomSaturation(fields: inner)))
    }
    if let inner = inner("RandomHue", "hue_factor", from: true) {
      layers.append(("random_hue", RandomHue(fields: inner)))
    }
    return layers
  }
}
