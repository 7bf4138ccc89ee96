import KerasCore
import KerasGraph
import OrderedCollections

/// activation(x · kernel + bias) over the last axis of x, whatever its rank.
public struct Dense: Layer {
  public static let className = "Dense"

  let units: Int
  let activation: ActivationFunction
  let useBias: Bool
  let kernel: VariableOptions
  let bias: VariableOptions
  public let activityRegularizer: Regularizer?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    units = try config.positiveInt("units")
    activation = try config.activation("activation")
    useBias = try config.bool("use_bias", default: true)
    kernel = try VariableOptions("kernel", &config)
    bias = try VariableOptions("bias", &config)
    activityRegularizer = try config.regularizer("activity_regularizer")
    config.ignore("lora_rank", "lora_alpha")
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "units": JSON(units), "activation": activation.json, "use_bias": .bool(useBias),
    ]
    kernel.write(to: &fields)
    bias.write(to: &fields)
    fields["activity_regularizer"] = activityRegularizer.json
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    guard input.rank >= 2 else { throw ModelError(.inputShape(expected: "at least 2 axes", found: input)) }
    let kernel = kernel.spec("kernel", [try input.known(axis: -1), units])
    return useBias ? [kernel, bias.spec("bias", [units])] : [kernel]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      var y = try context.op(.matmul(transposeA: false, transposeB: false), x, context.weight("kernel"))
      if useBias { y = try context.op(.binary(.add), y, context.weight("bias")) }
      return try activation.apply(y, &context)
    }
  }
}
