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
  let quantization: Quantization?
  let lora: LowRankAdaptation?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    units = try config.positiveInt("units")
    activation = try config.activation("activation")
    useBias = try config.bool("use_bias", default: true)
    kernel = try VariableOptions("kernel", &config)
    bias = try VariableOptions("bias", &config)
    activityRegularizer = try config.regularizer("activity_regularizer")
    quantization = try Quantization(&config, className: Self.className)
    lora = try LowRankAdaptation(&config)
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = [
      "units": JSON(units), "activation": activation.json, "use_bias": .bool(useBias),
    ]
    kernel.write(to: &fields)
    bias.write(to: &fields)
    fields["activity_regularizer"] = activityRegularizer.json
    lora?.write(to: &fields)
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    guard input.rank >= 2 else { throw ModelError(.inputShape(expected: "at least 2 axes", found: input)) }
    var kernel = kernel.spec("kernel", [try input.known(axis: -1), units])
    kernel.trainable = lora == nil
    let bias = useBias ? bias.spec("bias", [units]) : nil
    if let product = try quantizedProduct(input) {
      return try product.weights(kernel: kernel, bias: bias, scale: [units])
    }
    return [kernel] + [bias].compactMap { $0 }
  }

  private func quantizedProduct(_ input: Shape) throws(ModelError) -> QuantizedProduct? {
    guard let quantization else { return nil }
    return QuantizedProduct(
      quantization: quantization, equation: try EinsumEquation("...a,ab->...b"),
      kernelShape: [try input.known(axis: -1), units])
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      if let product = try quantizedProduct(context.shape(x)) {
        var y = try product.product(x, &context)
        if useBias { y = try context.op(.binary(.add), y, product.bias(&context)) }
        return try activation.apply(y, &context)
      }
      var y = try context.op(.matmul(transposeA: false, transposeB: false), x, context.weight("kernel"))
      if useBias { y = try context.op(.binary(.add), y, context.weight("bias")) }
      return try activation.apply(y, &context)
    }
  }
}
