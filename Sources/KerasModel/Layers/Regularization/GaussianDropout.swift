import KerasCore
import KerasGraph
import OrderedCollections

/// Multiplies by normal noise of mean 1 and standard deviation √(rate / (1 − rate)) in training.
public struct GaussianDropout: Layer {
  public static let className = "GaussianDropout"

  let rate: Double
  let seed: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    rate = try config.double("rate")
    seed = config.json("seed")
  }

  public var config: OrderedDictionary<String, JSON> { ["rate": .number(rate), "seed": seed] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      guard context.isTraining, rate > 0, rate < 1 else { return x }
      let noise = try context.op(.random(.normal, stream: context.nextRandomStream()), x)
      let factor = try context.shifted(context.scaled(noise, by: Float((rate / (1 - rate)).squareRoot())), by: 1)
      return try context.op(.binary(.multiply), x, factor)
    }
  }
}
