import KerasCore
import OrderedCollections

/// In training puts random parts of other images of the batch in; the images themselves at inference.
public struct CutMix: RandomAugmentation {
  public static let className = "CutMix"

  private let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try fields.lower(call, className: Self.className, &context)
  }
}
