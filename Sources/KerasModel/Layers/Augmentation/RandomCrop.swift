import KerasCore
import KerasGraph
import OrderedCollections

/// In training a part of `height` rows and `width` columns at a random place.
///
/// At inference Keras 3 gives back the images; tf.keras cuts them to the aspect ratio and resizes them bilinearly.
public struct RandomCrop: RandomAugmentation {
  public static let className = "RandomCrop"

  private let fields: AugmentationFields
  private let window: ImageWindow
  /// tf.keras' rule.
  private let resizes: Bool

  public init(_ config: inout ConfigReader) throws(ModelError) {
    fields = try AugmentationFields(&config)
    window = ImageWindow(height: try config.positiveInt("height"), width: try config.positiveInt("width"))
    resizes = try config.bool("keraskit>resizes", default: false)
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields = fields.config
    if resizes { fields["keraskit>resizes"] = true }
    return fields
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let images = try fields.lower(call, className: Self.className, &context)
    guard resizes else { return images }
    return try LayerCall(inputs: images).unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(4)
      return try window.resized(window.croppedToAspect(x, &context), .bilinear, &context)
    }
  }
}
