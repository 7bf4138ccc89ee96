import KerasCore
import KerasGraph
import OrderedCollections

/// `max_value` for x ≥ `max_value`, x from `threshold` on, `negative_slope` · (x − `threshold`) below it.
public struct ReLU: Layer {
  public static let className = "ReLU"

  let maxValue: Double?
  let negativeSlope: Double
  let threshold: Double

  public init(_ config: inout ConfigReader) throws(ModelError) {
    let maximum = config.json("max_value")
    guard maximum.isNull || maximum.doubleValue != nil else {
      throw config.wrong("max_value", "null or a number", maximum)
    }
    maxValue = maximum.doubleValue
    negativeSlope = try config.double("negative_slope", default: 0)
    threshold = try config.double("threshold", default: 0)
  }

  public var config: OrderedDictionary<String, JSON> {
    [
      "max_value": maxValue.map { .number($0) } ?? .null, "negative_slope": .number(negativeSlope),
      "threshold": .number(threshold),
    ]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      if threshold == 0 {
        if negativeSlope != 0 {
          let y = try context.op(.unary(.leakyRelu(slope: Float(negativeSlope))), x)
          return try capped(y, &context)
        }
        guard let maxValue else { return try context.op(.unary(.relu), x) }
        return try context.op(.unary(.clip(minimum: 0, maximum: Float(max(maxValue, 0)))), x)
      }
      let limit = context.constant(Float(threshold))
      let passes = try context.op(.compare(negativeSlope == 0 ? .greater : .greaterOrEqual), x, limit)
      let below =
        negativeSlope == 0
        ? context.constant(0)
        : try context.scaled(context.op(.binary(.subtract), x, limit), by: Float(negativeSlope))
      return try capped(try context.op(.select, passes, x, below), &context)
    }
  }

  private func capped(_ y: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    guard let maxValue else { return y }
    return try context.op(.binary(.minimum), y, context.constant(Float(maxValue)))
  }
}
