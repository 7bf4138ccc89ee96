import KerasCore
import OrderedCollections

/// The smallest of two or more inputs, element by element.
public struct Minimum: Layer {
  public static let className = "Minimum"

  let merge: ElementwiseMerge

  public init(_ config: inout ConfigReader) throws(ModelError) { merge = try ElementwiseMerge(&config) }

  public var config: OrderedDictionary<String, JSON> { merge.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try merge.merged(call, .minimum, &context)
  }
}
