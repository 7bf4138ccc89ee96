import KerasCore
import OrderedCollections

/// In training adds a random part of the value range; the images themselves at inference.
public struct RandomBrightness: RandomAugmentation {
  public static let className = "RandomBrightness"

  private let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, className: Self.className, &context)
  }
}
