import KerasCore
import KerasGraph
import OrderedCollections

/// Dropout of whole channels over one time axis.
public struct SpatialDropout1D: Layer {
  public static let className = "SpatialDropout1D"

  let rate: Double
  let seed: JSON
  let dataFormat: DataFormat

  public init(_ config: inout ConfigReader) throws(ModelError) {
    rate = try config.double("rate")
    seed = config.json("seed")
    dataFormat = try config.dataFormat()
    config.ignore("noise_shape")
  }

  public var config: OrderedDictionary<String, JSON> {
    ["rate": .number(rate), "seed": seed]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let rank = 3
      try context.shape(x).expectRank(rank)
      guard context.isTraining else { return x }
      var pattern = x
      for axis in 1..<rank where axis != dataFormat.channelAxis(rank: rank) {
        pattern = try context.sliced(pattern, axis: axis, from: 0, to: 1)
      }
      return try context.dropout(x, rate: rate, pattern: pattern)
    }
  }
}
