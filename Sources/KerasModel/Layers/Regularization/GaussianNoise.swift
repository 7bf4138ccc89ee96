import KerasCore
import KerasGraph
import OrderedCollections

/// Adds normal noise of standard deviation `stddev` in training.
public struct GaussianNoise: Layer {
  public static let className = "GaussianNoise"

  let stddev: Double
  let seed: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    stddev = try config.double("stddev")
    seed = config.json("seed")
  }

  public var config: OrderedDictionary<String, JSON> { ["stddev": .number(stddev), "seed": seed] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      guard context.isTraining, stddev > 0 else { return x }
      let noise = try context.op(.random(.normal, stream: context.nextRandomStream()), x)
      return try context.op(.binary(.add), x, context.scaled(noise, by: Float(stddev)))
    }
  }
}
