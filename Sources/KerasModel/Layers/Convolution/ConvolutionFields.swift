import KerasCore
import KerasGraph
import OrderedCollections

/// What Conv1D, Conv2D and Conv3D share: their fields, weights and lowering.
///
/// Data `(batch, spatial…, channels)` or channels first; kernel `(spatial…, channels / groups, filters)` always.
struct ConvolutionFields: Sendable {
  let filters: Int
  let kernelSize: [Int]
  let strides: [Int]
  let padding: WindowPadding
  let dataFormat: DataFormat
  let dilations: [Int]
  let groups: Int
  let activation: ActivationFunction
  let useBias: Bool
  let kernel: VariableOptions
  let bias: VariableOptions
  let activityRegularizer: Regularizer?

  var rank: Int { kernelSize.count }

  init(_ config: inout ConfigReader, rank: Int) throws(ModelError) {
    filters = try config.positiveInt("filters")
    kernelSize = try config.positiveInts("kernel_size", count: rank)
    strides = try config.positiveInts("strides", count: rank, default: 1)
    padding = try config.padding([.valid, .same, .sameTheano, .full] + (rank == 1 ? [.causal] : []))
    dataFormat = try config.dataFormat()
    dilations = try config.positiveInts("dilation_rate", count: rank, default: 1)
    groups = try config.positiveInt("groups", default: 1)
    activation = try config.activation("activation")
    useBias = try config.bool("use_bias", default: true)
    kernel = try VariableOptions("kernel", &config)
    bias = try VariableOptions("bias", &config)
    activityRegularizer = try config.regularizer("activity_regularizer")
    config.ignore("lora_rank", "lora_alpha")
    guard filters % groups == 0 else {
      throw ModelError(.invalidField("groups", expected: "a divisor of filters (\(filters))", found: JSON(groups)))
    }
  }

  var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "filters": JSON(filters), "kernel_size": JSON(kernelSize), "strides": JSON(strides),
      "padding": .string(padding.rawValue), "data_format": .string(dataFormat.rawValue),
      "dilation_rate": JSON(dilations), "groups": JSON(groups), "activation": activation.json,
      "use_bias": .bool(useBias),
    ]
    kernel.write(to: &fields)
    bias.write(to: &fields)
    fields["activity_regularizer"] = activityRegularizer.json
    return fields
  }

  func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = dataFormat.toChannelsLast(try single(inputs))
    try input.expectRank(rank + 2)
    let channels = try input.known(axis: -1)
    guard channels % groups == 0 else {
      throw ModelError(.inputShape(expected: "channels that \(groups) groups divide", found: input))
    }
    let kernel = kernel.spec("kernel", kernelSize + [channels / groups, filters])
    return useBias ? [kernel, bias.spec("bias", [filters])] : [kernel]
  }

  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let x = try dataFormat.toChannelsLast(x, &context)
      let convolution = Convolution(
        strides: strides, padding: try padding.ofConvolution(kernel: kernelSize, dilations: dilations),
        dilations: dilations, groups: groups)
      var y = try context.op(.convolution(convolution), x, context.weight("kernel"))
      if useBias { y = try context.op(.binary(.add), y, context.weight("bias")) }
      return try activation.finishing(y, dataFormat, &context)
    }
  }
}

extension ActivationFunction {
  /// The activation of a channels-last value that goes back to the layer's data format.
  ///
  /// Only elementwise activations commute with the transposition: the others see the layer's own format, as in Keras.
  func finishing(
    _ y: Value, _ dataFormat: DataFormat, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    switch kind {
    case .linear, .unary: try dataFormat.fromChannelsLast(apply(y, &context), &context)
    default: try apply(dataFormat.fromChannelsLast(y, &context), &context)
    }
  }
}
