import KerasCore
import OrderedCollections

/// The first input less the second.
public struct Subtract: Layer {
  public static let className = "Subtract"

  let merge: ElementwiseMerge

  public init(_ config: inout ConfigReader) throws(ModelError) { merge = try ElementwiseMerge(&config) }

  public var config: OrderedDictionary<String, JSON> { merge.config }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try merge.merged(call, exactly: 2, .subtract, &context)
  }
}
