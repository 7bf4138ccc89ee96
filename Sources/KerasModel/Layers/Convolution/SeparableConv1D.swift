import KerasCore
import KerasGraph
import OrderedCollections

/// A depthwise convolution followed by a 1-wide one that mixes the channels.
public struct SeparableConv1D: Layer {
  public static let className = "SeparableConv1D"

  let filters: Int
  let depthwise: DepthwiseFields
  let pointwise: VariableOptions
  let activation: ActivationFunction
  let useBias: Bool
  let bias: VariableOptions
  public let activityRegularizer: Regularizer?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    filters = try config.positiveInt("filters")
    depthwise = try DepthwiseFields(&config, rank: 1)
    pointwise = try VariableOptions("pointwise", &config)
    activation = try config.activation("activation")
    useBias = try config.bool("use_bias", default: true)
    bias = try VariableOptions("bias", &config)
    activityRegularizer = try config.regularizer("activity_regularizer")
    config.ignore("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint")
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = ["filters": JSON(filters)]
    depthwise.write(to: &fields)
    pointwise.write(to: &fields)
    fields["activation"] = activation.json
    fields["use_bias"] = .bool(useBias)
    bias.write(to: &fields)
    fields["activity_regularizer"] = activityRegularizer.json
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    let specs = [
      try depthwise.spec("depthwise_kernel", input),
      pointwise.spec(
        "pointwise_kernel", [Int](repeating: 1, count: 1) + [try depthwise.channels(input).output, filters]),
    ]
    return useBias ? specs + [bias.spec("bias", [filters])] : specs
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let x = try depthwise.dataFormat.toChannelsLast(x, &context)
      let separate = try depthwise.lower(x, role: "depthwise_kernel", &context)
      let ones = [Int](repeating: 1, count: 1)
      let mixing = Convolution(strides: ones, padding: .valid(1), dilations: ones)
      var y = try context.op(.convolution(mixing), separate, context.weight("pointwise_kernel"))
      if useBias { y = try context.op(.binary(.add), y, context.weight("bias")) }
      return try activation.finishing(y, depthwise.dataFormat, &context)
    }
  }
}
