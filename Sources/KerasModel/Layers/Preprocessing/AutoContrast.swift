import KerasCore
import KerasGraph
import OrderedCollections

/// Each channel of each image stretched to the whole of `value_range`, at inference too (Keras 3.15.1).
///
/// A channel of one value stays as it is.
public struct AutoContrast: Layer {
  public static let className = "AutoContrast"

  let low: Float
  let high: Float
  private let range: JSON
  private let dataFormat: JSON

  public init(_ config: inout ConfigReader) throws(ModelError) {
    range = config.json("value_range")
    dataFormat = config.has("data_format") ? config.json("data_format") : "channels_last"
    let numbers = range.arrayValue?.compactMap(\.doubleValue) ?? [0, 255]
    guard numbers.count == 2, let least = numbers.min(), let most = numbers.max(), least < most else {
      throw config.wrong("value_range", "two different numbers", range)
    }
    (low, high) = (Float(least), Float(most))
  }

  public var config: OrderedDictionary<String, JSON> {
    ["data_format": dataFormat, "value_range": range.isNull ? [0, 255] : range]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      try context.shape(x).expectRank(4)
      let x = try context.cast(x, to: .float32)
      return try Self.stretched(x, to: DrawRange(Double(low), Double(high)), &context)
    }
  }

  /// Axes 1 and 2 are taken in either data format, as Keras does.
  static func stretched(
    _ x: Value, to range: DrawRange, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let least = try context.op(.reduce(.minimum, axes: [1, 2], keepDimensions: true), x)
    let most = try context.op(.reduce(.maximum, axes: [1, 2], keepDimensions: true), x)
    let span = try context.op(.binary(.subtract), most, least)
    let part = try context.op(.binary(.divideNoNaN), context.op(.binary(.subtract), x, least), span)
    let stretched = try context.shifted(
      context.scaled(part, by: Float(range.upper - range.lower)), by: Float(range.lower))
    let isFlat = try context.op(.compare(.equal), most, least)
    return try context.op(.select, isFlat, x, stretched)
  }
}
