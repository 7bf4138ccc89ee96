import KerasCore
import KerasGraph
import OrderedCollections

/// The same elements in `target_shape` (the batch apart), of which one size may be −1.
public struct Reshape: Layer {
  public static let className = "Reshape"

  let targetShape: [Int]

  public init(_ config: inout ConfigReader) throws(ModelError) {
    let value = config.json("target_shape")
    let list = value.arrayValue ?? (value.intValue.map { [JSON($0)] } ?? [])
    let sizes = list.compactMap { $0.isNull ? -1 : $0.intValue }
    guard value.arrayValue != nil || value.intValue != nil, sizes.count == list.count,
      sizes.allSatisfy({ $0 >= -1 && $0 <= ConfigReader.largestSize }), sizes.count(where: { $0 == -1 }) <= 1
    else { throw config.wrong("target_shape", "a list of sizes with at most one -1", value) }
    targetShape = sizes
  }

  public var config: OrderedDictionary<String, JSON> { ["target_shape": JSON(targetShape)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let sizes = targetShape.map { $0 == -1 ? TargetDimension.inferred : .fixed($0) }
      return try context.op(.reshape([context.dimensions(of: x)[0]] + sizes), x)
    }
  }
}
