import KerasCore
import KerasGraph
import OrderedCollections

/// α · log(1 + e^(β · x)) with learned α and β per element (Keras 0.1 to 1.2).
public struct ParametricSoftplus: Layer {
  public static let className = "ParametricSoftplus"

  let parameters: ElementwiseParameters
  private let alpha: Double
  private let beta: Double

  public init(_ config: inout ConfigReader) throws(ModelError) {
    parameters = try ElementwiseParameters(&config)
    alpha = try config.double("alpha_init", default: 0.2)
    beta = try config.double("beta_init", default: 5)
  }

  public var config: OrderedDictionary<String, JSON> {
    ["alpha_init": .number(alpha), "beta_init": .number(beta), "shared_axes": parameters.sharedAxes]
  }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] {
    let shape = try parameters.shape(single(inputs))
    return [("alpha", alpha), ("beta", beta)].map { role, value in
      WeightSpec(
        role, shape,
        initializer: [
          "module": "keras.initializers", "class_name": "Constant", "config": ["value": .number(value)],
          "registered_name": nil,
        ])
    }
  }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.masked(&context) { x, context throws(ModelError) in
      let scaled = try context.op(.binary(.multiply), x, context.weight("beta"))
      return try context.op(.binary(.multiply), context.op(.unary(.softplus), scaled), context.weight("alpha"))
    }
  }
}
