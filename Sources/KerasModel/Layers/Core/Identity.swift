import KerasCore
import OrderedCollections

/// The input itself, mask included.
public struct Identity: Layer {
  public static let className = "Identity"

  public init(_ config: inout ConfigReader) throws(ModelError) {}

  public var config: OrderedDictionary<String, JSON> { [:] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    call.inputs
  }
}
