import KerasCore
import KerasGraph
import OrderedCollections

/// x / (k + α · Σ x² over the `n` channels around)^β for images `(batch, channels, rows, columns)` (Keras 0.1 to 0.3).
public struct LRN2D: Layer {
  public static let className = "LRN2D"

  private let alpha: Double
  private let k: Double
  private let beta: Double
  private let n: Int

  public init(_ config: inout ConfigReader) throws(ModelError) {
    alpha = try config.double("alpha", default: 1e-4)
    k = try config.double("k", default: 2)
    beta = try config.double("beta", default: 0.75)
    n = try config.positiveInt("n", default: 5)
    guard n % 2 == 1, n <= 1023 else { throw config.wrong("n", "an odd number of channels up to 1023", JSON(n)) }
  }

  public var config: OrderedDictionary<String, JSON> {
    ["alpha": .number(alpha), "k": .number(k), "beta": .number(beta), "n": JSON(n)]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let shape = context.shape(x)
      try shape.expectRank(4)
      return try context.localResponse(
        x, axis: 1, radius: n / 2, alpha: Float(alpha), offset: Float(k), beta: Float(beta))
    }
  }
}
