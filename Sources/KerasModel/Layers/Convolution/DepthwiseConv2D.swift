import KerasCore
import KerasGraph
import OrderedCollections

/// A convolution of each channel by itself, with `depth_multiplier` results per channel.
public struct DepthwiseConv2D: Layer {
  public static let className = "DepthwiseConv2D"

  let depthwise: DepthwiseFields
  let activation: ActivationFunction
  let useBias: Bool
  let bias: VariableOptions
  public let activityRegularizer: Regularizer?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    depthwise = try DepthwiseFields(&config, rank: 2)
    activation = try config.activation("activation")
    useBias = try config.bool("use_bias", default: true)
    bias = try VariableOptions("bias", &config)
    activityRegularizer = try config.regularizer("activity_regularizer")
    config.ignore("groups", "filters", "kernel_initializer", "kernel_regularizer", "kernel_constraint")
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [:]
    depthwise.write(to: &fields)
    fields["activation"] = activation.json
    fields["use_bias"] = .bool(useBias)
    bias.write(to: &fields)
    fields["activity_regularizer"] = activityRegularizer.json
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    let kernel = try depthwise.spec("kernel", input)
    return useBias ? [kernel, bias.spec("bias", [try depthwise.channels(input).output])] : [kernel]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let x = try depthwise.dataFormat.toChannelsLast(x, &context)
      var y = try depthwise.lower(x, role: "kernel", &context)
      if useBias { y = try context.op(.binary(.add), y, context.weight("bias")) }
      return try activation.finishing(y, depthwise.dataFormat, &context)
    }
  }
}
