import KerasCore
import OrderedCollections

/// The largest of two or more inputs, element by element.
public struct Maximum: Layer {
  public static let className = "Maximum"

  let merge: ElementwiseMerge

  public init(_ config: inout ConfigReader) throws(ModelError) { merge = try ElementwiseMerge(&config) }

  public var config: OrderedDictionary<String, JSON> { merge.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try merge.merged(call, .maximum, &context)
  }
}
