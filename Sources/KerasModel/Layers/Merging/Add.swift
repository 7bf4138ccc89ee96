import KerasCore
import OrderedCollections

/// The sum of two or more inputs.
public struct Add: Layer {
  public static let className = "Add"

  let merge: ElementwiseMerge

  public init(_ config: inout ConfigReader) throws(ModelError) { merge = try ElementwiseMerge(&config) }

  public var config: OrderedDictionary<String, JSON> { merge.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try merge.merged(call, .add, &context)
  }
}
