import KerasCore
import KerasGraph
import OrderedCollections

/// activation(einsum(`equation`, x, kernel) + bias); the bias varies along `bias_axes` of the result only.
public struct EinsumDense: Layer {
  public static let className = "EinsumDense"

  let equation: EinsumEquation
  /// The sizes after the batch; `nil` for those the input decides.
  let outputShape: [Int?]
  private let outputShapeJSON: JSON
  let biasAxes: String?
  let activation: ActivationFunction
  let kernel: VariableOptions
  let bias: VariableOptions
  public let activityRegularizer: Regularizer?
  let quantization: Quantization?
  let lora: LowRankAdaptation?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    equation = try EinsumEquation(config.string("equation"))
    outputShapeJSON = config.json("output_shape")
    if let one = outputShapeJSON.intValue {
      outputShape = [one]
    } else if let list = outputShapeJSON.arrayValue, list.allSatisfy({ $0.isNull || ($0.intValue ?? 0) > 0 }) {
      outputShape = list.map(\.intValue)
    } else {
      throw config.wrong("output_shape", "a size or a list of sizes", outputShapeJSON)
    }
    let axes = config.json("bias_axes")
    guard axes.isNull || axes.stringValue != nil else { throw config.wrong("bias_axes", "null or axes", axes) }
    biasAxes = axes.stringValue
    activation = try config.activation("activation")
    kernel = try VariableOptions("kernel", &config)
    bias = try VariableOptions("bias", &config)
    activityRegularizer = try config.regularizer("activity_regularizer")
    quantization = try Quantization(&config, className: Self.className)
    lora = try LowRankAdaptation(&config)
    config.ignore("gptq_unpacked_column_size")
  }

  /// A projection inside another layer.
  init(
    _ equation: EinsumEquation, outputShape: [Int], biasAxes: String?, activation: ActivationFunction = .linear,
    kernel: VariableOptions, bias: VariableOptions, activityRegularizer: Regularizer?,
    quantization: Quantization? = nil
  ) {
    self.equation = equation
    self.outputShape = outputShape
    outputShapeJSON = JSON(outputShape)
    self.biasAxes = biasAxes
    self.activation = activation
    self.kernel = kernel
    self.bias = bias
    self.activityRegularizer = activityRegularizer
    self.quantization = quantization
    lora = nil
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "output_shape": outputShapeJSON, "equation": .string(equation.text), "activation": activation.json,
      "bias_axes": biasAxes.map { .string($0) } ?? .null,
    ]
    kernel.write(to: &fields)
    bias.write(to: &fields)
    fields["activity_regularizer"] = activityRegularizer.json
    lora?.write(to: &fields)
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    let shape = try kernelShape(input)
    var kernel = kernel.spec("kernel", shape)
    kernel.trainable = lora == nil
    let bias = try biasSpec(input)
    guard let product = try quantizedProduct(input) else { return [kernel] + [bias].compactMap { $0 } }
    return try product.weights(kernel: kernel, bias: bias, scale: scaleShape(shape, rank: input.rank))
  }

  private func kernelShape(_ input: Shape) throws(ModelError) -> [Int] {
    var shape: [Int] = []
    for letter in equation.kernel {
      if let axis = try equation.inputAxis(letter, rank: input.rank) {
        shape.append(try input.known(axis: axis))
      } else {
        shape.append(try outputSize(letter, input))
      }
    }
    return shape
  }

  private func quantizedProduct(_ input: Shape) throws(ModelError) -> QuantizedProduct? {
    guard let quantization else { return nil }
    return QuantizedProduct(quantization: quantization, equation: equation, kernelShape: try kernelShape(input))
  }

  /// int8's scales, which broadcast against the result.
  private func scaleShape(_ kernel: [Int], rank: Int) throws(ModelError) -> [Int] {
    let own = equation.output.map { letter in
      equation.kernel.firstIndex(of: letter).map { kernel[$0] } ?? 1
    }
    let elided = [Int](repeating: 1, count: try equation.elidedCount(rank: rank))
    return equation.ellipsis == .left ? elided + own : own + elided
  }

  private func biasSpec(_ input: Shape) throws(ModelError) -> WeightSpec? {
    guard let biasAxes, !biasAxes.isEmpty else { return nil }
    guard let first = equation.output.firstIndex(where: { biasAxes.contains($0) }),
      biasAxes.allSatisfy({ equation.output.contains($0) })
    else { throw ModelError(.invalidField("bias_axes", expected: "axes of the result", found: .string(biasAxes))) }
    var sizes: [Int] = []
    for letter in equation.output[first...] {
      sizes.append(biasAxes.contains(letter) ? try outputSize(letter, input) : 1)
    }
    if equation.ellipsis == .right {
      sizes += Array(repeating: 1, count: try equation.elidedCount(rank: input.rank))
    }
    return bias.spec("bias", sizes)
  }

  /// The size of an axis of the result: as the config states it, else as the input has it.
  private func outputSize(_ letter: Character, _ input: Shape) throws(ModelError) -> Int {
    if let position = equation.output.firstIndex(of: letter) {
      let elided = equation.ellipsis == .left ? try equation.elidedCount(rank: input.rank) : 0
      let index = elided > 0 ? position : position - 1
      if outputShape.indices.contains(index), let size = outputShape[index] { return size }
    }
    guard let axis = try equation.inputAxis(letter, rank: input.rank) else {
      throw ModelError(
        .invalidField("output_shape", expected: "a size for axis '\(letter)'", found: outputShapeJSON))
    }
    return try input.known(axis: axis)
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      if let product = try quantizedProduct(context.shape(x)) {
        var y = try product.product(x, &context)
        if context.hasWeight("bias") { y = try context.op(.binary(.add), y, product.bias(&context)) }
        return try activation.apply(y, &context)
      }
      var y = try equation.product(x, context.weight("kernel"), &context)
      if context.hasWeight("bias") { y = try context.op(.binary(.add), y, context.weight("bias")) }
      return try activation.apply(y, &context)
    }
  }
}
