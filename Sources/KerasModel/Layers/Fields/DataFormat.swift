import KerasCore
import KerasGraph

/// Where a layer's inputs have their channels.
public enum DataFormat: String, Sendable, Hashable {
  case channelsFirst = "channels_first"
  case channelsLast = "channels_last"

  func channelAxis(rank: Int) -> Int { self == .channelsLast ? rank - 1 : 1 }

  /// The value with its channels moved to the end.
  func toChannelsLast(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let rank = context.shape(x).rank
    guard self == .channelsFirst, rank > 2 else { return x }
    return try context.op(.transpose([0] + Array(2..<rank) + [1]), x)
  }

  /// The channels-last value in this format.
  func fromChannelsLast(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let rank = context.shape(x).rank
    guard self == .channelsFirst, rank > 2 else { return x }
    return try context.op(.transpose([0, rank - 1] + Array(1..<rank - 1)), x)
  }

  func toChannelsLast(_ shape: Shape) -> Shape {
    guard self == .channelsFirst, shape.rank > 2 else { return shape }
    return Shape([shape[0]] + shape.dimensions[2...] + [shape[1]])
  }
}

extension ConfigReader {
  mutating func dataFormat(_ key: String = "data_format") throws(ModelError) -> DataFormat {
    let text = try choice(key, ["channels_last", "channels_first"], default: "channels_last")
    return text == "channels_first" ? .channelsFirst : .channelsLast
  }
}
