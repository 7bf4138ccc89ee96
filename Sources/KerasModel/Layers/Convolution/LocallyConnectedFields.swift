import KerasCore
import KerasGraph
import OrderedCollections

/// What LocallyConnected1D and LocallyConnected2D share: a convolution with a kernel of its own at every position.
///
/// Kernels as Keras 1.0.6 to 2.15 stored them, by `implementation`:
/// 1: `(positions, patch, filters)`, the patch in the order `(spatial…, in)`, channels first `(in, spatial…)`;
/// 2: the whole matrix, `(in spatial…, in, out spatial…, filters)`, channels first `(in, in spatial…, filters, out spatial…)`,
/// of which only connected elements count; 3: those elements alone, by output then input.
/// The bias is `(out spatial…, filters)`; channels first its elements are taken as `(filters, out spatial…)`.
struct LocallyConnectedFields: Sendable {
  let filters: Int
  let kernelSize: [Int]
  let strides: [Int]
  let padding: WindowPadding
  let dataFormat: DataFormat
  let activation: ActivationFunction
  let useBias: Bool
  let kernel: VariableOptions
  let bias: VariableOptions
  let activityRegularizer: Regularizer?
  let implementation: Int

  init(_ config: inout ConfigReader, rank: Int) throws(ModelError) {
    filters = try config.positiveInt("filters")
    kernelSize = try config.positiveInts("kernel_size", count: rank)
    strides = try config.positiveInts("strides", count: rank, default: 1)
    implementation = try config.positiveInt("implementation", default: 1)
    padding = try config.padding(implementation == 1 ? [.valid] : [.valid, .same])
    dataFormat = try config.dataFormat()
    activation = try config.activation("activation")
    useBias = try config.bool("use_bias", default: true)
    kernel = try VariableOptions("kernel", &config)
    bias = try VariableOptions("bias", &config)
    activityRegularizer = try config.regularizer("activity_regularizer")
    guard implementation <= 3 else {
      throw config.wrong("implementation", "1, 2 or 3", JSON(implementation))
    }
  }

  var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "filters": JSON(filters), "kernel_size": JSON(kernelSize), "strides": JSON(strides),
      "padding": .string(padding.rawValue), "data_format": .string(dataFormat.rawValue),
      "activation": activation.json, "use_bias": .bool(useBias),
    ]
    kernel.write(to: &fields)
    bias.write(to: &fields)
    fields["activity_regularizer"] = activityRegularizer.json
    fields["implementation"] = JSON(implementation)
    return fields
  }

  /// The sizes of the input's and output's spatial axes and the number of channels.
  func geometry(_ input: Shape) throws(ModelError) -> LocalGeometry {
    let shape = dataFormat.toChannelsLast(input)
    try shape.expectRank(kernelSize.count + 2)
    var sizes: [Int] = []
    for axis in 1..<shape.rank { sizes.append(try shape.known(axis: axis)) }
    guard let channels = sizes.popLast() else {
      throw ModelError(.inputShape(expected: "channels", found: input))
    }
    let isSame = padding == .same
    let outputs = sizes.indices.map { axis in
      let size = isSame ? sizes[axis] : sizes[axis] - kernelSize[axis] + 1
      return size > 0 ? (size + strides[axis] - 1) / strides[axis] : 0
    }
    guard outputs.allSatisfy({ $0 > 0 }) else {
      throw ModelError(.inputShape(expected: "axes of at least the kernel's size", found: input))
    }
    let geometry = LocalGeometry(
      inputs: sizes, outputs: outputs, channels: channels, filters: filters, kernelSize: kernelSize,
      strides: strides, isSame: isSame, isChannelsFirst: dataFormat == .channelsFirst)
    guard let elements = checkedProduct([geometry.inputCount, geometry.outputCount]), elements < 1 << 28 else {
      throw ModelError(.inputShape(expected: "smaller inputs of a locally connected layer", found: input))
    }
    return geometry
  }

  func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let geometry = try geometry(single(inputs))
    let shape: [Int]
    switch implementation {
    case 1:
      shape = [
        geometry.outputs.reduce(1, *), kernelSize.reduce(geometry.channels, *), filters,
      ]
    case 2 where geometry.isChannelsFirst:
      shape = [geometry.channels] + geometry.inputs + [filters] + geometry.outputs
    case 2: shape = geometry.inputs + [geometry.channels] + geometry.outputs + [filters]
    default: shape = [geometry.connections().count]
    }
    let kernel = kernel.spec("kernel", shape)
    return useBias ? [kernel, bias.spec("bias", geometry.outputs + [filters])] : [kernel]
  }
}

/// The axes of a locally connected layer, and which elements of its input and output belong together.
struct LocalGeometry {
  let inputs: [Int]
  let outputs: [Int]
  let channels: Int
  let filters: Int
  let kernelSize: [Int]
  let strides: [Int]
  let isSame: Bool
  let isChannelsFirst: Bool

  var inputCount: Int { inputs.reduce(channels, *) }
  var outputCount: Int { outputs.reduce(filters, *) }

  /// Where a flat index of the layer's own layout lies in space.
  private func position(_ index: Int, _ sizes: [Int], channels: Int) -> [Int] {
    var rest = isChannelsFirst ? index % sizes.reduce(1, *) : index / channels
    var position = sizes
    for axis in sizes.indices.reversed() {
      position[axis] = rest % sizes[axis]
      rest /= sizes[axis]
    }
    return position
  }

  private func connects(_ output: [Int], _ input: [Int]) -> Bool {
    for axis in inputs.indices {
      let left = kernelSize[axis] / 2
      let start = output[axis] * strides[axis] - (isSame ? left : 0)
      if input[axis] < start || input[axis] >= start + kernelSize[axis] { return false }
    }
    return true
  }

  /// The connected pairs of flat indices, by output, then by input.
  func connections() -> [(output: Int, input: Int)] {
    let places = (0..<inputCount).map { position($0, inputs, channels: channels) }
    var pairs: [(output: Int, input: Int)] = []
    for output in 0..<outputCount {
      let place = position(output, outputs, channels: filters)
      for input in 0..<inputCount where connects(place, places[input]) { pairs.append((output, input)) }
    }
    return pairs
  }
}
