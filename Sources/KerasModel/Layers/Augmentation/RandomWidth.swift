import KerasCore
import OrderedCollections

/// In training resizes a batch to a random width; the images themselves at inference.
public struct RandomWidth: Layer {
  public static let className = "RandomWidth"

  private let size: RandomSizeFields

  public init(_ config: inout ConfigReader) throws(ModelError) { size = try RandomSizeFields(&config) }

  public var config: OrderedDictionary<String, JSON> { size.fields.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try size.lower(call, axis: 2, &context)
  }
}
