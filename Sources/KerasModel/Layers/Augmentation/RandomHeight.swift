import KerasCore
import OrderedCollections

/// In training resizes a batch to a random height; the images themselves at inference.
public struct RandomHeight: RandomAugmentation {
  public static let className = "RandomHeight"

  private let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, className: Self.className, &context)
  }
}
