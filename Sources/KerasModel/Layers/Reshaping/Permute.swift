import KerasCore
import KerasGraph
import OrderedCollections

/// The axes after the batch in another order; `dims` counts from 1.
public struct Permute: Layer {
  public static let className = "Permute"

  let dims: [Int]

  public init(_ config: inout ConfigReader) throws(ModelError) {
    let value = config.json("dims")
    let list = value.arrayValue ?? []
    dims = list.compactMap(\.intValue)
    guard dims.count == list.count, !dims.isEmpty, dims.sorted() == Array(1...dims.count) else {
      throw config.wrong("dims", "a permutation of 1, 2 …", value)
    }
  }

  public var config: OrderedDictionary<String, JSON> { ["dims": JSON(dims)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in try context.op(.transpose([0] + dims), x) }
  }
}
