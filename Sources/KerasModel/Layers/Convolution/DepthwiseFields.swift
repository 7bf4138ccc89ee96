import KerasCore
import KerasGraph
import OrderedCollections

/// The depthwise part of depthwise and separable convolutions: kernel `(spatial…, channels, multiplier)`.
///
/// Result channel c·multiplier + m belongs to input channel c.
struct DepthwiseFields: Sendable {
  let kernelSize: [Int]
  let strides: [Int]
  let padding: WindowPadding
  let dataFormat: DataFormat
  let dilations: [Int]
  let depthMultiplier: Int
  let depthwise: VariableOptions

  init(_ config: inout ConfigReader, rank: Int) throws(ModelError) {
    kernelSize = try config.positiveInts("kernel_size", count: rank)
    strides = try config.positiveInts("strides", count: rank, default: 1)
    padding = try config.padding([.valid, .same, .sameTheano, .full] + (rank == 1 ? [.causal] : []))
    dataFormat = try config.dataFormat()
    dilations = try config.positiveInts("dilation_rate", count: rank, default: 1)
    depthMultiplier = try config.positiveInt("depth_multiplier", default: 1)
    depthwise = try VariableOptions("depthwise", &config)
  }

  func write(to fields: inout OrderedDictionary<String, JSON>) {
    fields["kernel_size"] = JSON(kernelSize)
    fields["strides"] = JSON(strides)
    fields["padding"] = .string(padding.rawValue)
    fields["data_format"] = .string(dataFormat.rawValue)
    fields["dilation_rate"] = JSON(dilations)
    fields["depth_multiplier"] = JSON(depthMultiplier)
    depthwise.write(to: &fields)
  }

  /// The number of the result's channels.
  func channels(_ input: Shape) throws(ModelError) -> (input: Int, output: Int) {
    let shape = dataFormat.toChannelsLast(input)
    try shape.expectRank(kernelSize.count + 2)
    let channels = try shape.known(axis: -1)
    guard let output = checkedProduct([channels, depthMultiplier]) else {
      throw ModelError(.inputShape(expected: "fewer channels", found: input))
    }
    return (channels, output)
  }

  func spec(_ role: String, _ input: Shape) throws(ModelError) -> WeightSpec {
    depthwise.spec(role, kernelSize + [try channels(input).input, depthMultiplier])
  }

  /// The grouped convolution of a channels-last value.
  func lower(_ x: Value, role: String, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let channels = try context.shape(x).known(axis: -1)
    let kernel = try context.weight(role)
    let grouped = try context.op(
      .reshape(kernelSize.map { .fixed($0) } + [.fixed(1), .fixed(channels * depthMultiplier)]), kernel)
    let convolution = Convolution(
      strides: strides, padding: try padding.ofConvolution(kernel: kernelSize, dilations: dilations),
      dilations: dilations, groups: channels)
    return try context.op(.convolution(convolution), x, grouped)
  }
}
