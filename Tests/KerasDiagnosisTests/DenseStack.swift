import KerasKit

/// Models of Dense layers whose weights are known.
struct DenseStack: Sendable {
  struct Layer: Sendable {
    var units: Int
    var activation: String
    /// The weight from an input to a unit.
    var weight: @Sendable (_ input: Int, _ unit: Int) -> Float
    var bias: @Sendable (_ unit: Int) -> Float = { _ in 0 }
    /// Fields of the config beside the usual, such as a regularizer.
    var fields: [String: JSON] = [:]
  }

  var inputs: Int
  var layers: [Layer]
  /// Functions in layers of their own behind the layer of that number.
  var activations: [Int: String] = [:]
  var loss: JSON = "mse"

  /// The layers are named d0, d1 …, those with a function alone a0, a1 ….
  func model() throws -> Model {
    var configs: [JSON] = [
      .object([
        "class_name": "InputLayer",
        "config": .object(["name": "x", "batch_input_shape": .array([.null, JSON(inputs)]), "dtype": "float32"]),
      ])
    ]
    var weights: [String: TensorData] = [:]
    var width = inputs
    for (index, layer) in layers.enumerated() {
      var config: JSON = [
        "name": .string("d\(index)"), "units": JSON(layer.units), "activation": .string(layer.activation),
        "use_bias": true,
      ]
      for (key, value) in layer.fields { config[key] = value }
      configs.append(["class_name": "Dense", "config": config])
      let kernel = (0..<width).flatMap { input in (0..<layer.units).map { layer.weight(input, $0) } }
      weights["d\(index)/kernel"] = try TensorData(shape: [width, layer.units], floats: kernel)
      weights["d\(index)/bias"] = try TensorData(shape: [layer.units], floats: (0..<layer.units).map(layer.bias))
      if let function = activations[index] {
        configs.append([
          "class_name": "Activation",
          "config": ["name": .string("a\(index)"), "activation": .string(function)],
        ])
      }
      width = layer.units
    }
    let source = ModelSource(
      file: "stack.json", format: .json,
      config: [
        "class_name": "Sequential", "keras_version": "2.15.0", "backend": "tensorflow",
        "config": ["name": "m", "layers": .array(configs)],
      ])
    var options = LoadOptions()
    options.requiresWeights = false
    var loaded = try LoadedModel.load(source: source, options: options)
    loaded.weights = weights
    loaded.canonical.compile = ["loss": loss, "optimizer": "sgd"]
    return try Model(loaded)
  }
}

/// Numbers that repeat themselves.
enum Numbers {
  static func uniform(_ shape: [Int], _ range: ClosedRange<Float>, seed: UInt64 = 1) throws -> TensorData {
    var random = SplitMix64(state: seed)
    let values = (0..<shape.reduce(1, *)).map { _ in
      range.lowerBound + Float(random.uniform()) * (range.upperBound - range.lowerBound)
    }
    return try TensorData(shape: shape, floats: values)
  }

  /// Between −1 and 1, of two numbers.
  static func mixed(_ a: Int, _ b: Int) -> Float {
    var random = SplitMix64(state: UInt64(a * 7919 + b * 104_729 + 17))
    return Float(random.uniform()) * 2 - 1
  }
}
