import KerasCore
import KerasGraph
import OrderedCollections

/// t · activation(x · kernel + bias) + (1 − t) · x with t = σ(x · carry_kernel + carry_bias) (Keras 0.3 to 2.3).
public struct Highway: Layer {
  public static let className = "Highway"

  let activation: ActivationFunction
  let useBias: Bool
  let kernel: VariableOptions
  let bias: VariableOptions
  public let activityRegularizer: Regularizer?

  public init(_ config: inout ConfigReader) throws(ModelError) {
    activation = try config.activation("activation")
    useBias = try config.bool("use_bias", default: true)
    kernel = try VariableOptions("kernel", &config)
    bias = try VariableOptions("bias", &config)
    activityRegularizer = try config.regularizer("activity_regularizer")
  }

  public var config: OrderedDictionary<String, JSON> {
    var fields: OrderedDictionary<String, JSON> = ["activation": activation.json, "use_bias": .bool(useBias)]
    kernel.write(to: &fields)
    bias.write(to: &fields)
    fields["activity_regularizer"] = activityRegularizer.json
    return fields
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let input = try single(inputs)
    try input.expectRank(2)
    let width = try input.known(axis: 1)
    // Penalties and constraints are those of the transformation only.
    let carry = WeightSpec("carry_kernel", [width, width], initializer: kernel.initializer)
    guard useBias else { return [kernel.spec("kernel", [width, width]), carry] }
    return [
      kernel.spec("kernel", [width, width]), bias.spec("bias", [width]), carry,
      WeightSpec("carry_bias", [width], initializer: bias.initializer),
    ]
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in
      let gate = try context.op(.unary(.sigmoid), linear(x, "carry_kernel", "carry_bias", &context))
      let transformed = try activation.apply(linear(x, "kernel", "bias", &context), &context)
      let difference = try context.op(.binary(.subtract), transformed, x)
      return try context.op(.binary(.add), x, context.op(.binary(.multiply), gate, difference))
    }
  }

  private func linear(
    _ x: Value, _ kernel: String, _ bias: String, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let y = try context.op(.matmul(transposeA: false, transposeB: false), x, context.weight(kernel))
    return useBias ? try context.op(.binary(.add), y, context.weight(bias)) : y
  }
}
