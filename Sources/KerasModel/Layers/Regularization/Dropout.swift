import KerasCore
import KerasGraph
import OrderedCollections

/// In training, zeroes a share `rate` of the elements and scales the rest by 1 / (1 − rate).
public struct Dropout: Layer {
  public static let className = "Dropout"

  let rate: Double
  let seed: JSON
  let noiseShape: [Int?]?
  /// Keras 0.1 and 0.2 did not scale in training but multiplied by 1 − rate at inference.
  let scalesAtInference: Bool

  public init(_ config: inout ConfigReader) throws(ModelError) {
    rate = try config.double("rate")
    seed = config.json("seed")
    noiseShape = try Self.noiseShape(&config)
    scalesAtInference = try config.bool("keraskit>dropout_scale", default: false)
  }

  static func noiseShape(_ config: inout ConfigReader) throws(ModelError) -> [Int?]? {
    let shape = config.json("noise_shape")
    guard shape.isNull || shape.arrayValue != nil else {
      throw config.wrong("noise_shape", "null or a list of sizes", shape)
    }
    return shape.arrayValue.map { $0.map(\.intValue) }
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "rate": .number(rate), "seed": seed,
      "noise_shape": noiseShape.map { JSON(Shape($0)) } ?? .null,
    ]
    if scalesAtInference { fields["keraskit>dropout_scale"] = true }
    return fields
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      guard context.isTraining else {
        return scalesAtInference ? try context.scaled(x, by: Float(1 - rate)) : x
      }
      let pattern = try context.noisePattern(x, noiseShape)
      return try context.dropout(x, rate: rate, pattern: pattern, scalesKept: !scalesAtInference)
    }
  }
}

extension LoweringContext {
  /// A value with the shape in which a dropout draws: x's, with one element along axes of which `noiseShape` says 1.
  mutating func noisePattern(_ x: Value, _ noiseShape: [Int?]?) throws(ModelError) -> Value {
    guard let noiseShape else { return x }
    guard noiseShape.count == shape(x).rank else {
      throw ModelError(
        .invalidField("noise_shape", expected: "\(shape(x).rank) sizes", found: JSON(Shape(noiseShape))))
    }
    var pattern = x
    for axis in noiseShape.indices where noiseShape[axis] == 1 {
      pattern = try sliced(pattern, axis: axis, from: 0, to: 1)
    }
    return pattern
  }

  /// Zeroes a share of x; one number is drawn for each element of `pattern` and broadcast over x.
  mutating func dropout(
    _ x: Value, rate: Double, pattern: Value, scalesKept: Bool = true
  ) throws(ModelError) -> Value {
    guard rate > 0 else { return x }
    guard rate < 1 else { return try scaled(x, by: 0) }
    return try op(.binary(.multiply), x, dropoutFactors(rate: rate, pattern: pattern, scalesKept: scalesKept))
  }

  /// 0 for a share `rate` of the elements of `pattern`, 1 / (1 − rate) for the others.
  mutating func dropoutFactors(
    rate: Double, pattern: Value, scalesKept: Bool = true
  ) throws(ModelError) -> Value {
    let draw = try op(.random(.uniform, stream: nextRandomStream()), pattern)
    let kept = try op(.compare(.greaterOrEqual), draw, constant(Float(rate)))
    return try scaled(op(.cast(.float32), kept), by: scalesKept && rate < 1 ? Float(1 / (1 - rate)) : 1)
  }
}
