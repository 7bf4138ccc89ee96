import KerasCore
import KerasGraph
import OrderedCollections

/// `(batch, features)` repeated to `(batch, n, features)`.
public struct RepeatVector: Layer {
  public static let className = "RepeatVector"

  let n: Int

  public init(_ config: inout ConfigReader) throws(ModelError) { n = try config.positiveInt("n") }

  public var config: OrderedDictionary<String, JSON> { ["n": JSON(n)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(2)
      let step = try context.expanded(x, axis: 1)
      var target = context.dimensions(of: step)
      target[1] = .fixed(n)
      return try context.op(.broadcast(target), step)
    }
  }
}
