import KerasCore
import KerasGraph
import OrderedCollections

/// The variables' options and the call arguments that MultiHeadAttention and GroupQueryAttention have in common.
struct AttentionFields: Sendable {
  let dropout: Double
  let useBias: Bool
  let useGate: Bool
  let window: Int?
  let kernel: VariableOptions
  let bias: VariableOptions
  /// On the result of every projection.
  let activityRegularizer: Regularizer?
  private let seed: JSON
  private let dtype: JSON
  private let name: String

  init(_ config: inout ConfigReader) throws(ModelError) {
    dropout = try config.double("dropout", default: 0)
    useBias = try config.bool("use_bias", default: true)
    useGate = try config.bool("use_gate", default: false)
    window = config.json("sliding_window").isNull ? nil : try config.positiveInt("sliding_window")
    kernel = try VariableOptions("kernel", &config)
    bias = try VariableOptions("bias", &config)
    activityRegularizer = try config.regularizer("activity_regularizer")
    seed = config.json("seed")
    dtype = config.json("dtype")
    name = config.name
    config.ignore("flash_attention")
  }

  func write(to fields: inout OrderedDictionary<String, JSON>) {
    fields["dropout"] = .number(dropout)
    fields["use_bias"] = .bool(useBias)
    fields["use_gate"] = .bool(useGate)
    fields["sliding_window"] = window.map { JSON($0) } ?? .null
    kernel.write(to: &fields)
    bias.write(to: &fields)
    fields["activity_regularizer"] = activityRegularizer.json
    fields["seed"] = seed
  }

  /// How a DTypePolicyMap quantizes the projection of that name.
  private func quantization(_ projection: String) throws(ModelError) -> Quantization? {
    try Quantization(DTypePolicy(dtype, path: "\(name)/\(projection)"), className: EinsumDense.className)
  }

  /// `(…, features)` to `(…, heads, size)`.
  func projection(
    _ name: String, holder: String, heads: Int, size: Int, activation: ActivationFunction = .linear
  ) throws(ModelError) -> Sublayer {
    let layer = EinsumDense(
      try EinsumEquation("...x,xnh->...nh"), outputShape: [heads, size], biasAxes: useBias ? "nh" : nil,
      activation: activation, kernel: kernel, bias: bias, activityRegularizer: activityRegularizer,
      quantization: try quantization(name))
    return Sublayer(holder: holder, name: name, layer: layer)
  }

  /// `(…, heads, size)` to `(…, output sizes)`.
  func outputProjection(holder: String, sizes: [Int]) throws(ModelError) -> Sublayer {
    let letters = String("abcdefg".prefix(sizes.count))
    guard letters.count == sizes.count else {
      throw ModelError(.unsupported("an attention with \(sizes.count) axes of output"))
    }
    let layer = EinsumDense(
      try EinsumEquation("...nh,nh\(letters)->...\(letters)"), outputShape: sizes, biasAxes: useBias ? letters : nil,
      kernel: kernel, bias: bias, activityRegularizer: activityRegularizer,
      quantization: try quantization("attention_output"))
    return Sublayer(holder: holder, name: "attention_output", layer: layer)
  }
}

/// The layers inside an attention, in the order Keras builds them.
struct AttentionProjections: Sendable {
  var query: Sublayer
  var key: Sublayer
  var gate: Sublayer?
  var value: Sublayer
  var output: Sublayer

  func weights(query: Shape, key: Shape, value: Shape, projected: Shape) throws(ModelError) -> [WeightSpec] {
    var specs: [WeightSpec] = []
    let parts: [(Sublayer?, Shape)] = [
      (self.query, query), (self.key, key), (gate, query), (self.value, value), (output, projected),
    ]
    for case (let sublayer?, let shape) in parts {
      for spec in try sublayer.layer.weights([shape]) { specs.append(spec.held(by: sublayer.holder)) }
    }
    return specs
  }

  static func apply(
    _ sublayer: Sublayer, to x: Value, _ context: inout LoweringContext
  ) throws(ModelError) -> Value {
    let results = try context.inSublayer(sublayer, named: sublayer.name) { context throws(ModelError) in
      try context.apply(sublayer.layer, LayerCall(inputs: [LayerTensor(x)]))
    }
    guard let result = results.first else { throw ModelError(.unsupported("a projection without output")) }
    return result.value
  }
}

/// The tensors a multi-head attention is called on.
struct AttentionCall {
  var query: LayerTensor
  var value: LayerTensor
  var key: LayerTensor
  /// `nil` where the key is the value.
  private var keyMask: Value?
  private let call: LayerCall

  /// Reads `query, value` and `key`; throws `inputCount` for anything else.
  init(_ call: LayerCall) throws(ModelError) {
    guard (2...3).contains(call.inputs.count) else {
      throw ModelError(.inputCount(expected: "a query, a value and perhaps a key", found: call.inputs.count))
    }
    self.call = call
    query = call.inputs[0]
    value = call.inputs[1]
    key = call.inputs.count > 2 ? call.inputs[2] : value
    query.mask = call.keywordTensors["query_mask"]?.first?.value ?? query.mask
    value.mask = call.keywordTensors["value_mask"]?.first?.value ?? value.mask
    keyMask = call.keywordTensors["key_mask"]?.first?.value ?? (call.inputs.count > 2 ? key.mask : nil)
  }

  var isCausal: Bool { call.arguments["use_causal_mask"] == true }
  var returnsScores: Bool { call.arguments["return_attention_scores"] == true }

  func mask(window: Int?, scores: Value, _ context: inout LoweringContext) throws(ModelError) -> Value? {
    try AttentionMask(isCausal: isCausal, window: window).value(
      query: query.mask, keys: [value.mask, keyMask],
      given: call.keywordTensors["attention_mask"]?.first?.value, scores: scores, &context)
  }

  /// The shapes of query, value and key.
  static func shapes(_ inputs: [Shape]) throws(ModelError) -> (query: Shape, value: Shape, key: Shape) {
    guard (2...3).contains(inputs.count) else {
      throw ModelError(.inputCount(expected: "a query, a value and perhaps a key", found: inputs.count))
    }
    return (inputs[0], inputs[1], inputs.count > 2 ? inputs[2] : inputs[1])
  }
}
