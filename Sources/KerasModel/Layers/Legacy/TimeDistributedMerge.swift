import KerasCore
import KerasGraph
import OrderedCollections

/// The sum, mean or product over time (Keras 0.2 and 0.3); masks are not looked at.
public struct TimeDistributedMerge: Layer {
  public static let className = "TimeDistributedMerge"

  private let mode: String

  public init(_ config: inout ConfigReader) throws(ModelError) {
    mode = try config.choice("mode", ["sum", "ave", "mul"], default: "sum")
  }

  public var config: OrderedDictionary<String, JSON> { ["mode": .string(mode)] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(3)
      let reduction: Reduction = mode == "sum" ? .sum : mode == "ave" ? .mean : .product
      return try context.op(.reduce(reduction, axes: [1], keepDimensions: false), x)
    }
  }
}
