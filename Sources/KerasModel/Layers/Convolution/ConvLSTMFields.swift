import KerasCore
import KerasGraph
import OrderedCollections

/// What ConvLSTM1D, ConvLSTM2D and ConvLSTM3D share: an LSTM whose products are convolutions, unrolled over the time steps.
///
/// Data `(batch, time, spatial…, channels)` or channels first; kernel `(spatial…, channels, 4 · filters)`, recurrent kernel
/// `(spatial…, filters, 4 · filters)`, gates i, f, c, o. The states' convolution has strides of 1 and `same` padding. The
/// number of time steps must be known.
struct ConvLSTMFields: Sendable {
  let filters: Int
  let kernelSize: [Int]
  let strides: [Int]
  let padding: WindowPadding
  let recurrentPadding: WindowPadding
  let dataFormat: DataFormat
  let dilations: [Int]
  let activation: ActivationFunction
  let recurrentActivation: ActivationFunction
  let useBias: Bool
  let kernel: VariableOptions
  let recurrent: VariableOptions
  let bias: VariableOptions
  let unitForgetBias: Bool
  let activityRegularizer: Regularizer?
  let dropout: Double
  let recurrentDropout: Double
  let returnSequences: Bool
  let returnState: Bool
  var goBackwards: Bool
  let stateful: Bool
  var zeroOutputForMask: Bool?
  let seed: JSON

  init(_ config: inout ConfigReader, rank: Int) throws(ModelError) {
    filters = try config.positiveInt("filters")
    kernelSize = try config.positiveInts("kernel_size", count: rank)
    strides = try config.positiveInts("strides", count: rank, default: 1)
    padding = try config.padding([.valid, .same, .sameTheano])
    let recurrentText = try config.choice(
      "keraskit>recurrent_padding", ["same", WindowPadding.sameTheano.rawValue], default: "same")
    recurrentPadding = WindowPadding(rawValue: recurrentText) ?? .same
    dataFormat = try config.dataFormat()
    dilations = try config.positiveInts("dilation_rate", count: rank, default: 1)
    activation =
      config.has("activation")
      ? try config.activation("activation") : try ActivationFunction("tanh", field: "activation")
    recurrentActivation =
      config.has("recurrent_activation")
      ? try config.activation("recurrent_activation")
      : try ActivationFunction("sigmoid", field: "recurrent_activation")
    useBias = try config.bool("use_bias", default: true)
    kernel = try VariableOptions("kernel", &config)
    recurrent = try VariableOptions("recurrent", &config)
    bias = try VariableOptions("bias", &config)
    unitForgetBias = try config.bool("unit_forget_bias", default: true)
    activityRegularizer = try config.regularizer("activity_regularizer")
    dropout = try config.double("dropout", default: 0)
    recurrentDropout = try config.double("recurrent_dropout", default: 0)
    returnSequences = try config.bool("return_sequences", default: false)
    returnState = try config.bool("return_state", default: false)
    goBackwards = try config.bool("go_backwards", default: false)
    stateful = try config.bool("stateful", default: false)
    zeroOutputForMask = config.json("zero_output_for_mask").boolValue
    seed = config.json("seed")
    config.ignore("unroll", "implementation")
  }

  var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "return_sequences": .bool(returnSequences), "return_state": .bool(returnState),
      "go_backwards": .bool(goBackwards), "stateful": .bool(stateful), "unroll": false,
    ]
    if let zeroOutputForMask { fields["zero_output_for_mask"] = .bool(zeroOutputForMask) }
    fields["filters"] = JSON(filters)
    fields["kernel_size"] = JSON(kernelSize)
    fields["strides"] = JSON(strides)
    fields["padding"] = .string(padding.rawValue)
    fields["data_format"] = .string(dataFormat.rawValue)
    fields["dilation_rate"] = JSON(dilations)
    fields["activation"] = activation.json
    fields["recurrent_activation"] = recurrentActivation.json
    fields["use_bias"] = .bool(useBias)
    kernel.write(to: &fields)
    recurrent.write(to: &fields)
    bias.write(to: &fields)
    fields["unit_forget_bias"] = .bool(unitForgetBias)
    fields["activity_regularizer"] = activityRegularizer.json
    fields["dropout"] = .number(dropout)
    fields["recurrent_dropout"] = .number(recurrentDropout)
    fields["seed"] = seed
    if recurrentPadding == .sameTheano { fields["keraskit>recurrent_padding"] = .string(recurrentPadding.rawValue) }
    return fields
  }

  /// The first input is the sequence; further ones are initial states.
  func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    guard let input = inputs.first else { throw ModelError(.inputCount(expected: "a sequence", found: 0)) }
    try input.expectRank(kernelSize.count + 3)
    let channels = try input.known(axis: dataFormat == .channelsFirst ? 2 : -1)
    guard let width = checkedProduct([4, filters]) else {
      throw ModelError(.invalidField("filters", expected: "a smaller number", found: JSON(filters)))
    }
    var specs = [
      kernel.spec("kernel", kernelSize + [channels, width], holder: "cell"),
      recurrent.spec("recurrent_kernel", kernelSize + [filters, width], holder: "cell"),
    ]
    if useBias { specs.append(bias.spec("bias", [width], holder: "cell")) }
    return specs
  }
}
