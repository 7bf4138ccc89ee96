import KerasCore
import KerasGraph
import OrderedCollections

/// cos(x · kernel / scale + bias) with random numbers drawn when the layer was made (tf.keras 2.0 to Keras 2.15).
public struct RandomFourierFeatures: Layer {
  public static let className = "RandomFourierFeatures"

  private let outputSize: Int
  private let initializer: JSON
  private let scale: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    outputSize = try config.positiveInt("output_dim")
    initializer = config.json("kernel_initializer")
    scale = config.json("scale")
  }

  public var config: OrderedDictionary<String, JSON> {
    ["output_dim": JSON(outputSize), "kernel_initializer": initializer, "scale": scale]
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    try input.expectRank(2)
    return [
      WeightSpec("kernel_scale", [1]),
      WeightSpec("unscaled_kernel", [try input.known(axis: 1), outputSize], trainable: false),
      WeightSpec("bias", [outputSize], trainable: false),
    ]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let kernel = try context.op(.binary(.divide), context.weight("unscaled_kernel"), context.weight("kernel_scale"))
      let product = try context.op(.matmul(transposeA: false, transposeB: false), x, kernel)
      return try context.op(.unary(.cosine), context.op(.binary(.add), product, context.weight("bias")))
    }
  }
}
