import KerasCore
import KerasGraph
import OrderedCollections

/// The largest of `nb_feature` linear layers, elementwise (Keras 0.1 to 2.3's legacy layer).
public struct MaxoutDense: Layer {
  public static let className = "MaxoutDense"

  let units: Int
  let featureCount: Int
  let useBias: Bool
  let kernel: VariableOptions
  let bias: VariableOptions
  public let activityRegularizer: Regularizer?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    units = try config.positiveInt("units")
    featureCount = try config.positiveInt("nb_feature", default: 4)
    useBias = try config.bool("use_bias", default: true)
    kernel = try VariableOptions("kernel", &config)
    bias = try VariableOptions("bias", &config)
    activityRegularizer = try config.regularizer("activity_regularizer")
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "units": JSON(units), "nb_feature": JSON(featureCount), "use_bias": .bool(useBias),
    ]
    kernel.write(to: &fields)
    bias.write(to: &fields)
    fields["activity_regularizer"] = activityRegularizer.json
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    try input.expectRank(2)
    let kernel = kernel.spec("kernel", [featureCount, try input.known(axis: 1), units])
    return useBias ? [kernel, bias.spec("bias", [featureCount, units])] : [kernel]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let rows = try context.expanded(x, axis: 0)
      var y = try context.op(.matmul(transposeA: false, transposeB: false), rows, context.weight("kernel"))
      if useBias { y = try context.op(.binary(.add), y, context.expanded(context.weight("bias"), axis: 1)) }
      return try context.op(.reduce(.maximum, axes: [0], keepDimensions: false), y)
    }
  }
}
