import KerasCore
import KerasGraph
import OrderedCollections

/// What Conv1DTranspose, Conv2DTranspose and Conv3DTranspose share.
///
/// Sizes are Keras': `valid` n·s + max(k − s, 0), `same` n·s, with an output padding p: (n − 1)·s + k − 2·⌊k/2⌋ (`same`)
/// or (n − 1)·s + k (`valid`) plus p; k is the dilated kernel. Measured on Keras 1.0.8 to 3.15.
struct TransposedConvolutionFields: Sendable {
  let filters: Int
  let kernelSize: [Int]
  let strides: [Int]
  let padding: WindowPadding
  let outputPadding: [Int]?
  let dataFormat: DataFormat
  /// The whole shape of the result as Keras 1 had to be told, batch first; a null is concluded.
  private let outputShape: [JSON]?
  let dilations: [Int]
  let activation: ActivationFunction
  let useBias: Bool
  let kernel: VariableOptions
  let bias: VariableOptions
  let activityRegularizer: Regularizer?

  init(_ config: inout ConfigReader, rank: Int) throws(ModelError) {
    filters = try config.positiveInt("filters")
    kernelSize = try config.positiveInts("kernel_size", count: rank)
    strides = try config.positiveInts("strides", count: rank, default: 1)
    padding = try config.padding([.valid, .same, .sameTheano])
    outputPadding = config.json("output_padding").isNull ? nil : try config.ints("output_padding", count: rank)
    dataFormat = try config.dataFormat()
    outputShape = config.json("keraskit>output_shape").arrayValue
    dilations = try config.positiveInts("dilation_rate", count: rank, default: 1)
    activation = try config.activation("activation")
    useBias = try config.bool("use_bias", default: true)
    kernel = try VariableOptions("kernel", &config)
    bias = try VariableOptions("bias", &config)
    activityRegularizer = try config.regularizer("activity_regularizer")
    config.ignore("groups")
    if let outputPadding {
      guard zip(outputPadding, strides).allSatisfy({ $0 >= 0 && $0 < $1 }) else {
        throw ModelError(
          .invalidField("output_padding", expected: "sizes below the strides \(strides)", found: JSON(outputPadding)))
      }
    }
  }

  var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "filters": JSON(filters), "kernel_size": JSON(kernelSize), "strides": JSON(strides),
      "padding": .string(padding.rawValue), "output_padding": outputPadding.map { JSON($0) } ?? .null,
      "data_format": .string(dataFormat.rawValue), "dilation_rate": JSON(dilations), "activation": activation.json,
      "use_bias": .bool(useBias),
    ]
    if let outputShape { fields["keraskit>output_shape"] = .array(outputShape) }
    kernel.write(to: &fields)
    bias.write(to: &fields)
    fields["activity_regularizer"] = activityRegularizer.json
    return fields
  }

  func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = dataFormat.toChannelsLast(try single(inputs))
    try input.expectRank(kernelSize.count + 2)
    let kernel = kernel.spec("kernel", kernelSize + [filters, try input.known(axis: -1)])
    return useBias ? [kernel, bias.spec("bias", [filters])] : [kernel]
  }

  func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let x = try dataFormat.toChannelsLast(x, &context)
      let convolution = Convolution(
        strides: strides, padding: try padding.ofConvolution(kernel: kernelSize, dilations: dilations),
        dilations: dilations)
      let spatial = Array(context.shape(x).dimensions.dropFirst().dropLast())
      var y: Value
      if let known = Shape(spatial).concrete {
        let natural = known.indices.map { known[$0] * strides[$0] + growth($0) }
        let output = try stated(natural, input: known)
        y = try context.op(
          .convolutionInputGradient(convolution, outputSpatial: output), x, context.weight("kernel"))
      } else {
        let pattern = try pattern(x, &context)
        y = try context.op(
          .convolutionInputGradient(convolution, outputSpatial: nil), x, context.weight("kernel"), pattern)
      }
      if useBias { y = try context.op(.binary(.add), y, context.weight("bias")) }
      return try activation.finishing(y, dataFormat, &context)
    }
  }

  /// The sizes that the config states where it does; they must be ones that the convolution takes back to the input.
  private func stated(_ natural: [Int], input: [Int]) throws(ModelError) -> [Int] {
    guard let outputShape, outputShape.count == natural.count + 2 else { return natural }
    var sizes: [Int] = []
    for axis in natural.indices {
      let place = axis + (dataFormat == .channelsFirst ? 2 : 1)
      guard let size = outputShape[place].intValue else {
        sizes.append(natural[axis])
        continue
      }
      let reach = (kernelSize[axis] - 1) * dilations[axis] + 1
      let steps = padding == .valid ? (size - reach) / strides[axis] + 1 : (size + strides[axis] - 1) / strides[axis]
      guard size > 0, size >= (padding == .valid ? reach : 1), steps == input[axis] else {
        throw ModelError(
          .invalidField(
            "output_shape", expected: "a size along axis \(place) whose convolution has \(input[axis]) steps",
            found: .array(outputShape)))
      }
      sizes.append(size)
    }
    return sizes
  }

  /// The result's size along an axis, less input size · stride.
  private func growth(_ axis: Int) -> Int {
    let reach = (kernelSize[axis] - 1) * dilations[axis] + 1
    let isValid = padding == .valid
    guard let outputPadding else { return isValid ? max(reach - strides[axis], 0) : 0 }
    return reach - strides[axis] - (isValid ? 0 : 2 * (reach / 2)) + outputPadding[axis]
  }

  /// A value with the result's spatial shape, for inputs whose size is known only when the graph runs.
  private func pattern(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    let rank = context.shape(x).rank
    var pattern = try context.sliced(x, axis: rank - 1, from: 0, to: 1)
    for axis in strides.indices {
      pattern = try context.repeated(pattern, axis: axis + 1, times: strides[axis])
      let growth = growth(axis)
      if growth < 0 {
        pattern = try context.sliced(pattern, axis: axis + 1, from: 0, to: growth)
      } else if growth > 0 {
        var after = Array(repeating: 0, count: rank)
        after[axis + 1] = growth
        pattern = try context.op(
          .pad(before: Array(repeating: 0, count: rank), after: after, value: 0), pattern)
      }
    }
    return pattern
  }
}
