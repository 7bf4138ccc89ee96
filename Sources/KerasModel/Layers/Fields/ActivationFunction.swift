import KerasCore
import KerasGraph

/// An activation as a config names it: one of Keras' functions, or a serialized layer.
public struct ActivationFunction: Sendable {
  enum Kind: Sendable {
    case linear
    case unary(Unary)
    case softmax
    case composed(ComposedActivation)
    case layer(any Layer, name: String)
  }

  let kind: Kind
  /// The canonical spelling: a name or a layer object.
  let json: JSON

  /// Keras' slope, `leaky_relu` without arguments; the layer LeakyReLU has 0.3.
  private static let functions: [String: Kind] = [
    "linear": .linear, "relu": .unary(.relu), "sigmoid": .unary(.sigmoid), "tanh": .unary(.tanh),
    "softplus": .unary(.softplus), "exponential": .unary(.exponential), "elu": .unary(.elu(alpha: 1)),
    "celu": .unary(.elu(alpha: 1)), "gelu": .unary(.gelu(approximate: false)), "silu": .unary(.silu),
    "swish": .unary(.silu), "relu6": .unary(.clip(minimum: 0, maximum: 6)),
    "hard_tanh": .unary(.clip(minimum: -1, maximum: 1)), "leaky_relu": .unary(.leakyRelu(slope: 0.2)),
    "hard_sigmoid": .unary(.hardSigmoid(scale: 1 / 6, offset: 0.5)),
    "keraskit>hard_sigmoid": .unary(.hardSigmoid(scale: 0.2, offset: 0.5)),
    "sparse_sigmoid": .unary(.hardSigmoid(scale: 0.5, offset: 0.5)), "softmax": .softmax,
  ]

  static let linear = ActivationFunction(kind: .linear, json: "linear")

  private init(kind: Kind, json: JSON) {
    self.kind = kind
    self.json = json
  }

  init(_ value: JSON, field: String) throws(ModelError) {
    if value.isNull {
      self = .linear
    } else if let name = value.stringValue {
      try self.init(named: name, field: field)
    } else if value["class_name"] == "function", let name = value["config"]?.stringValue {
      try self.init(named: name, field: field)
    } else if value["class_name"] != nil {
      let (layer, name, _) = try LayerRegistry.layer(value)
      self.init(kind: .layer(layer, name: name), json: value)
    } else {
      throw ModelError(.invalidField(field, expected: "an activation's name or a layer", found: value))
    }
  }

  /// Whether a config may name this function.
  static func knows(_ name: String) -> Bool {
    functions[name] != nil || ComposedActivation(rawValue: name) != nil || name == "hard_swish"
  }

  private init(named name: String, field: String) throws(ModelError) {
    if let kind = Self.functions[name] {
      self.init(kind: kind, json: .string(name))
    } else if let composed = ComposedActivation(rawValue: name == "hard_swish" ? "hard_silu" : name) {
      self.init(kind: .composed(composed), json: .string(name))
    } else {
      let known = (Self.functions.keys + ComposedActivation.allCases.map(\.rawValue)).sorted()
      throw ModelError(.unknownValue(field: field, value: name, known: known.joined(separator: ", ")))
    }
  }

  /// The activation as the graph's recurrences take it; `nil` for those that are not a single function.
  func inCell() -> CellActivation? {
    switch kind {
    case .linear: .linear
    case .unary(let function): .unary(function)
    case .softmax: .softmax
    default: nil
    }
  }

  /// Adds the activation to the graph; softmax is over the last axis.
  func apply(_ x: Value, _ context: inout LoweringContext) throws(ModelError) -> Value {
    switch kind {
    case .linear: return x
    case .unary(let function): return try context.op(.unary(function), x)
    case .softmax: return try context.op(.softmax(axis: context.shape(x).rank - 1), x)
    case .composed(let function): return try function.apply(x, &context)
    case .layer(let layer, _):
      guard layer.sublayers.isEmpty, try layer.weights([context.shape(x)]).isEmpty else {
        throw ModelError(.unsupported("a layer with weights as activation: \(layer.className)"))
      }
      let results = try layer.lower(LayerCall(inputs: [LayerTensor(x)]), &context)
      guard let result = results.first else { throw ModelError(.unsupported("an activation without output")) }
      return result.value
    }
  }
}

extension ConfigReader {
  mutating func activation(_ key: String) throws(ModelError) -> ActivationFunction {
    try ActivationFunction(json(key), field: key)
  }
}
