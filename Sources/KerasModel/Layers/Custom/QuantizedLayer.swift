import KerasCore
import KerasGraph
import OrderedCollections

/// A layer of Keras that computes with quantized variables: QDense, QConv2D, QBatchNormalization … of QKeras.
public struct QuantizedLayer: Layer {
  public static let className = "keraskit>Quantized"

  private let inner: any Layer
  private let layerJSON: JSON
  private let quantizers: [(role: String, quantizer: Quantizer)]
  private let activation: Quantizer?

  /// Variables whose quantizers have an automatic scale unless the config says otherwise.
  private static let scaled: Set<String> = [
    "kernel", "depthwise_kernel", "pointwise_kernel", "gamma", "moving_variance",
  ]

  public init(_ config: inout ConfigReader) throws(ModelError) {
    layerJSON = config.json("layer")
    inner = try LayerRegistry.layer(layerJSON).layer
    var quantizers: [(role: String, quantizer: Quantizer)] = []
    for (role, value) in config.json("quantizers").objectValue ?? [:] where !value.isNull {
      quantizers.append(
        (role, try Quantizer(value, field: "\(role)_quantizer", isTrainable: Self.scaled.contains(role))))
    }
    self.quantizers = quantizers
    let activation = config.json("activation_quantizer")
    self.activation = activation.isNull ? nil : try Quantizer(activation, field: "activation")
  }

  public var config: OrderedDictionary<String, JSON> {
    var named: OrderedDictionary<String, JSON> = [:]
    for (role, quantizer) in quantizers { named[role] = quantizer.json }
    return ["layer": layerJSON, "quantizers": .object(named), "activation_quantizer": activation?.json ?? .null]
  }

  public var activityRegularizer: Regularizer? { inner.activityRegularizer }

  public func weights(_ inputs: [Shape]) throws(ModelError) -> [WeightSpec] { try inner.weights(inputs) }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    let saved = context.standIns
    defer { context.standIns = saved }
    for (role, quantizer) in quantizers where context.hasWeight(role) {
      if context.isTraining, role == "moving_mean" || role == "moving_variance" {
        throw ModelError(.unsupported("training with QBatchNormalization, whose statistics are quantized"))
      }
      let value = try quantizer.apply(context.weight(role), &context)
      context.standIns[context.parameterName(role)] = value
    }
    var results = try inner.lower(call, &context)
    if let activation {
      for index in results.indices { results[index].value = try activation.apply(results[index].value, &context) }
    }
    return results
  }
}

/// A quantizer of QKeras as a layer: `QActivation`.
public struct QuantizerLayer: Layer {
  public static let className = "keraskit>Quantizer"

  private let quantizer: Quantizer

  public init(_ config: inout ConfigReader) throws(ModelError) {
    quantizer = try Quantizer(config.json("quantizer"), field: "activation")
  }

  public var config: OrderedDictionary<String, JSON> { ["quantizer": quantizer.json] }

  public func lower(_ call: LayerCall, _ context: inout LoweringContext) throws(ModelError) -> [LayerTensor] {
    try call.unmasked(&context) { x, context throws(ModelError) in try quantizer.apply(x, &context) }
  }
}
