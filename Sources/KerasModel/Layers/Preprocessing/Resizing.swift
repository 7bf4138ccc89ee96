import KerasCore
import KerasGraph
import OrderedCollections

/// Images `(batch, rows, columns, channels)` or channels first, resampled to `height` and `width`.
///
/// As `tf.image.resize` (tf.keras, Keras 3 on TensorFlow); the size of the input must be known.
public struct Resizing: Layer {
  public static let className = "Resizing"

  let window: ImageWindow
  let interpolation: Interpolation
  let cropsToAspectRatio: Bool
  let padsToAspectRatio: Bool
  let fillValue: Double
  let antialias: Bool
  let dataFormat: DataFormat

  public init(_ config: inout ConfigReader) throws(ModelError) {
    window = ImageWindow(height: try config.positiveInt("height"), width: try config.positiveInt("width"))
    interpolation = try config.interpolation(Interpolation.all, default: .bilinear)
    cropsToAspectRatio = try config.bool("crop_to_aspect_ratio", default: false)
    padsToAspectRatio = try config.bool("pad_to_aspect_ratio", default: false)
    _ = try config.choice("fill_mode", ["constant"], default: "constant")
    fillValue = try config.double("fill_value", default: 0)
    antialias = try config.bool("antialias", default: false)
    dataFormat = try config.dataFormat()
  }

  public var config: OrderedDictionary<String, JSON> {
    [
      "data_format": .string(dataFormat.rawValue), "height": JSON(window.height), "width": JSON(window.width),
      "interpolation": .string(interpolation.rawValue), "crop_to_aspect_ratio": .bool(cropsToAspectRatio),
      "pad_to_aspect_ratio": .bool(padsToAspectRatio), "fill_mode": "constant", "fill_value": .number(fillValue),
      "antialias": .bool(antialias),
    ]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(4)
      var y = try dataFormat.toChannelsLast(context.cast(x, to: .float32), &context)
      if cropsToAspectRatio {
        y = try window.croppedToAspect(y, &context)
      } else if padsToAspectRatio {
        y = try window.paddedToAspect(y, value: Float(fillValue), &context)
      }
      return try dataFormat.fromChannelsLast(window.resized(y, interpolation, antialias: antialias, &context), &context)
    }
  }
}
