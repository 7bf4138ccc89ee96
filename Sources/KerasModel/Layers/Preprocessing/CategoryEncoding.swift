import KerasCore
import KerasGraph
import OrderedCollections

/// Category numbers as one-hot, multi-hot or counting vectors of `num_tokens` elements.
public struct CategoryEncoding: Layer {
  public static let className = "CategoryEncoding"

  let tokenCount: Int
  let encoding: CategoricalEncoding

  public init(_ config: inout ConfigReader) throws(ModelError) {
    tokenCount = try config.positiveInt("num_tokens")
    let mode = try config.choice("output_mode", ["multi_hot", "one_hot", "count", "binary"], default: "multi_hot")
    // Its name before tf.keras 2.6.
    encoding = CategoricalEncoding(rawValue: mode) ?? .multiHot
    config.ignore("sparse")
  }

  public var config: OrderedDictionary<String, JSON> {
    ["num_tokens": JSON(tokenCount), "output_mode": .string(encoding.rawValue)]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let weights = try call.keywordTensors["count_weights"]?.first.map { weights throws(ModelError) in
        try context.cast(weights.value, to: .float32)
      }
      return try encoding.encode(x, depth: tokenCount, weights: weights, &context)
    }
  }
}
