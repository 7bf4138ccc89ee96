import KerasCore
import KerasGraph
import OrderedCollections

/// x for x > 0, `alpha` · x below, with a learned slope per element that `shared_axes` (1-based) share.
public struct PReLU: Layer {
  public static let className = "PReLU"

  let alpha: VariableOptions
  let sharedAxes: [Int]?
  let sharedAxesFromWeights: Bool

  public init(_ config: inout ConfigReader) throws(ModelError) {
    alpha = try VariableOptions("alpha", &config)
    let axes = config.json("shared_axes")
    if axes.isNull {
      sharedAxes = nil
    } else if let one = axes.intValue {
      sharedAxes = [one]
    } else if let list = axes.arrayValue, case let numbers = list.compactMap(\.intValue), numbers.count == list.count {
      sharedAxes = numbers
    } else {
      throw config.wrong("shared_axes", "null or a list of axes", axes)
    }
    sharedAxesFromWeights = try config.bool("keraskit>shared_axes_from_weights", default: false)
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [:]
    alpha.write(to: &fields)
    fields["shared_axes"] = sharedAxes.map { JSON($0) } ?? .null
    if sharedAxesFromWeights { fields["keraskit>shared_axes_from_weights"] = true }
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    guard input.rank >= 2 else { throw ModelError(.inputShape(expected: "at least 2 axes", found: input)) }
    var shape: [Int] = []
    for axis in 1..<input.rank {
      let isShared = sharedAxes?.contains(axis) == true || sharedAxes?.contains(axis - input.rank) == true
      shape.append(isShared ? 1 : try input.known(axis: axis))
    }
    return [alpha.spec("alpha", shape)]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let below = try context.op(.unary(.relu), context.op(.unary(.negate), x))
      let scaled = try context.op(.binary(.multiply), below, context.weight("alpha"))
      return try context.op(.binary(.subtract), context.op(.unary(.relu), x), scaled)
    }
  }
}
