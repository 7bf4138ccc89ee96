import KerasCore
import KerasGraph
import OrderedCollections

/// The part of `height` rows and `width` columns around an image's centre.
///
/// Smaller images are cut to the aspect ratio and resized bilinearly (tf.keras, Keras 3); the input's size must be known.
public struct CenterCrop: Layer {
  public static let className = "CenterCrop"

  let window: ImageWindow
  let dataFormat: DataFormat

  public init(_ config: inout ConfigReader) throws(ModelError) {
    window = ImageWindow(height: try config.positiveInt("height"), width: try config.positiveInt("width"))
    dataFormat = try config.dataFormat()
  }

  public var config: OrderedDictionary<String, JSON> {
    [
      "data_format": .string(dataFormat.rawValue), "height": JSON(window.height), "width": JSON(window.width),
    ]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(4)
      var y = try dataFormat.toChannelsLast(context.cast(x, to: .float32), &context)
      let shape = context.shape(y)
      if try shape.known(axis: 1) >= window.height, try shape.known(axis: 2) >= window.width {
        y = try window.cut(y, rows: window.height, columns: window.width, &context)
      } else {
        y = try window.resized(window.croppedToAspect(y, &context), .bilinear, &context)
      }
      return try dataFormat.fromChannelsLast(y, &context)
    }
  }
}
