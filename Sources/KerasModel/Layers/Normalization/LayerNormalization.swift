import KerasCore
import KerasGraph
import OrderedCollections

/// γ · (x − mean) / √(variance + ε) + β, with each sample's own statistics over `axis`.
///
/// `rms_scaling` multiplies x itself, uncentred, by the reciprocal deviation (Keras 3 before RMSNormalization).
public struct LayerNormalization: Layer {
  public static let className = "LayerNormalization"

  let axes: [Int]
  let isList: Bool
  let epsilon: Double
  let center: Bool
  let scale: Bool
  let rmsScaling: Bool
  let gamma: VariableOptions
  let beta: VariableOptions

  public init(_ config: inout ConfigReader) throws(ModelError) {
    let axis = config.json("axis")
    isList = axis.arrayValue != nil
    axes = isList ? axis.arrayValue?.compactMap(\.intValue) ?? [] : [axis.intValue ?? -1]
    guard !axes.isEmpty, !isList || axes.count == axis.arrayValue?.count else {
      throw config.wrong("axis", "an axis or a list of axes", axis)
    }
    epsilon = try config.double("epsilon", default: 1e-3)
    center = try config.bool("center", default: true)
    scale = try config.bool("scale", default: true)
    rmsScaling = try config.bool("rms_scaling", default: false)
    gamma = try VariableOptions("gamma", &config)
    beta = try VariableOptions("beta", &config)
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "axis": isList ? JSON(axes) : JSON(axes[0]), "epsilon": .number(epsilon), "center": .bool(center),
      "scale": .bool(scale), "rms_scaling": .bool(rmsScaling),
    ]
    beta.write(to: &fields)
    gamma.write(to: &fields)
    return fields
  }

  private func resolved(_ input: Shape) throws(ModelError) -> [Int] {
    var result: Set<Int> = []
    for axis in axes { result.insert(try input.axis(axis)) }
    return result.sorted()
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    var shape: [Int] = []
    for axis in try resolved(input) { shape.append(try input.known(axis: axis)) }
    var specs: [WeightSpec] = []
    if scale || rmsScaling { specs.append(gamma.spec("gamma", shape)) }
    if center, !rmsScaling { specs.append(beta.spec("beta", shape)) }
    return specs
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let axes = try resolved(context.shape(x))
      let mean = try context.op(.reduce(.mean, axes: axes, keepDimensions: true), x)
      let centered = rmsScaling ? x : try context.op(.binary(.subtract), x, mean)
      let squares: Value
      if rmsScaling {
        // Keras 3 divides by the root of the variance here, not of the mean square.
        squares = try context.op(.unary(.square), context.op(.binary(.subtract), x, mean))
      } else {
        squares = try context.op(.unary(.square), centered)
      }
      let variance = try context.op(.reduce(.mean, axes: axes, keepDimensions: true), squares)
      let inverse = try context.op(
        .unary(.reciprocalSquareRoot), context.shifted(variance, by: Float(epsilon)))
      var y = try context.op(.binary(.multiply), centered, inverse)
      if context.hasWeight("gamma") {
        y = try context.op(.binary(.multiply), y, spread(context.weight("gamma"), over: axes, like: x, &context))
      }
      if context.hasWeight("beta") {
        y = try context.op(.binary(.add), y, spread(context.weight("beta"), over: axes, like: x, &context))
      }
      return y
    }
  }

  private func spread(
    _ weight: Value, over axes: [Int], like x: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let rank = context.shape(x).rank
    if axes == Array(rank - axes.count..<rank) { return weight }
    var target = [TargetDimension](repeating: .fixed(1), count: rank)
    for axis in axes { target[axis] = .fixed(try context.shape(x).known(axis: axis)) }
    return try context.op(.reshape(target), weight)
  }
}
