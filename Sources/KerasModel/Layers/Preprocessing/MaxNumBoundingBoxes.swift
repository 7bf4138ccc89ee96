import KerasCore
import OrderedCollections

/// Cuts or fills up the boxes beside images; the images themselves are given back.
public struct MaxNumBoundingBoxes: Layer {
  public static let className = "MaxNumBoundingBoxes"

  private let fields: AugmentationFields

  public init(_ config: inout ConfigReader) throws(ModelError) { fields = try AugmentationFields(&config) }

  public var config: OrderedDictionary<String, JSON> { fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in try context.cast(x, to: .float32) }
  }
}
