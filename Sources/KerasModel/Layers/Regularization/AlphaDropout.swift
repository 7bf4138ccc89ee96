import KerasCore
import KerasGraph
import OrderedCollections

/// Dropout that keeps mean and variance of SELU networks: dropped elements take SELU's lower bound.
public struct AlphaDropout: Layer {
  public static let className = "AlphaDropout"

  let rate: Double
  let seed: JSON
  let noiseShape: [Int?]?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    rate = try config.double("rate")
    seed = config.json("seed")
    noiseShape = try Dropout.noiseShape(&config)
  }

  public var config: OrderedDictionary<String, JSON> {
    ["rate": .number(rate), "seed": seed, "noise_shape": noiseShape.map { JSON(Shape($0)) } ?? .null]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      guard context.isTraining, rate > 0, rate < 1 else { return x }
      let bound = -1.673_263_242_354_377_2 * 1.050_700_987_355_480_5
      let scale = 1 / ((1 - rate) * (1 + rate * bound * bound)).squareRoot()
      let offset = -scale * bound * rate
      let draw = try context.op(
        .random(.uniform, stream: context.nextRandomStream()), context.noisePattern(x, noiseShape))
      let kept = try context.op(.compare(.greaterOrEqual), draw, context.constant(Float(rate)))
      let y = try context.op(.select, kept, x, context.constant(Float(bound)))
      return try context.shifted(context.scaled(y, by: Float(scale)), by: Float(offset))
    }
  }
}
