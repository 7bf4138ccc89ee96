import KerasCore
import KerasGraph
import OrderedCollections

/// A layer among those that RandAugment and AugMix choose from.
enum InnerAugmentation: Sendable {
  case random(any ImageAugmentation)
  case autoContrast(DrawRange)

  /// The named layer (`random_shear`) as its owner makes it.
  static func named(_ name: String, in owner: AugmentationFields) throws(ModelError) -> InnerAugmentation {
    let factor = try owner.share("factor")
    let list: JSON = [.number(factor.lower), .number(factor.upper)]
    func fields(
      _ className: String, _ own: OrderedDictionary<String, JSON>
    ) -> AugmentationFields {
      AugmentationFields(className, own)
    }
    let range = owner["value_range"]
    let moving: OrderedDictionary<String, JSON> = [
      "interpolation": owner["interpolation"], "fill_mode": "reflect", "fill_value": 0.0,
    ]
    func moved(_ keys: String...) -> OrderedDictionary<String, JSON> {
      var own = moving
      for key in keys { own[key] = list }
      return own
    }
    let coloured: OrderedDictionary<String, JSON> = ["factor": list, "value_range": range]
    switch name {
    case "random_shear": return .random(RandomShear(fields: fields("RandomShear", moved("x_factor", "y_factor"))))
    case "random_translation":
      return .random(
        RandomTranslation(fields: fields("RandomTranslation", moved("height_factor", "width_factor"))))
    case "random_rotation": return .random(RandomRotation(fields: fields("RandomRotation", moved("factor"))))
    case "random_brightness": return .random(RandomBrightness(fields: fields("RandomBrightness", coloured)))
    case "random_color_degeneration":
      return .random(RandomColorDegeneration(fields: fields("RandomColorDegeneration", coloured)))
    case "random_contrast": return .random(RandomContrast(fields: fields("RandomContrast", coloured)))
    case "random_sharpness": return .random(RandomSharpness(fields: fields("RandomSharpness", coloured)))
    case "random_posterization":
      let bits = max(1, Int(8 * factor.upper))
      return .random(
        RandomPosterization(fields: fields("RandomPosterization", ["factor": JSON(bits), "value_range": range])))
    case "solarization":
      let own: OrderedDictionary<String, JSON> = [
        "addition_factor": list, "threshold_factor": list, "value_range": range,
      ]
      return .random(Solarization(fields: fields("Solarization", own)))
    case "equalization":
      return .random(Equalization(fields: fields("Equalization", ["value_range": range, "bins": 256])))
    default: return .autoContrast(try owner.valueRange())
    }
  }

  func draw(_ images: Value, _ context: inout LoweringContext) throws(ModelError) -> Draws {
    switch self {
    case .random(let layer): try layer.draw(images, &context)
    case .autoContrast: Draws()
    }
  }

  func transformed(
    _ images: Value, by draws: Draws, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    switch self {
    case .random(let layer): try layer.transformed(images, by: draws, &context)
    case .autoContrast(let range): try AutoContrast.stretched(images, to: range, &context)
    }
  }
}
