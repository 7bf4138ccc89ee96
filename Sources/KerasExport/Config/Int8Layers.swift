import KerasCore
import KerasModel

/// Dense and Embedding layers with 8-bit weights, as Keras' own `quantize("int8")` leaves them.
///
/// `abs_max_quantize` of Keras 3.15 (`quantizers.py`): 127 / (max + 1e-7) is the scale of each column of a kernel, and of
/// each row of a table; numbers are rounded to even. A Dense rounds its inputs too, sample by sample, at every call.
enum Int8Layers {
  private static let largest: Float = 127
  private static let epsilon: Float = 1e-7

  /// The model with those layers quantized, and what stands for each of their weights.
  static func quantized(
    _ model: LoadedModel
  ) throws(ExportError) -> (model: LoadedModel, values: [String: TensorData]) {
    var result = model
    var values: [String: TensorData] = [:]
    var config = try ModelConfig(model.canonical.config, path: "")
    do {
      try quantize(&config, prefix: "", &result.weights, &values)
      result.canonical.config = config.json
      result.network = try Network(canonical: config.json)
    } catch {
      throw ExportError(of: error)
    }
    guard !values.isEmpty else {
      throw ExportError(
        .notExpressible(
          what: "weights as 8-bit integers",
          reason: "Keras 3 holds those of Dense and Embedding so, and the model has none of these in float32"))
    }
    return (result, values)
  }

  private static func quantize(
    _ model: inout ModelConfig, prefix: String, _ weights: inout [String: TensorData],
    _ values: inout [String: TensorData]
  ) throws {
    for index in model.layers.indices {
      let here = prefix + model.layers[index].name + "/"
      if var nested = model.layers[index].model {
        try quantize(&nested, prefix: here, &weights, &values)
        model.layers[index].model = nested
        continue
      }
      let layer = model.layers[index]
      guard let role = ["Dense": "kernel", "Embedding": "embeddings"][layer.className],
        isFloat32(layer.fields["dtype"]),
        let array = weights[here + role], array.shape.count == 2, array.dtype.isFloatingPoint
      else { continue }
      let quantized = try integers(array.floats(), columns: array.shape[1], byRow: role == "embeddings")
      guard let (numbers, scales) = quantized else { continue }
      weights[here + role] = try TensorData(shape: array.shape, int32s: numbers).converted(to: .int8)
      weights[here + role + "_scale"] = try TensorData(shape: [scales.count], floats: scales)
      values[here + role] = try TensorData(
        shape: array.shape,
        floats: numbers.indices.map {
          Float(numbers[$0]) / scales[role == "embeddings" ? $0 / array.shape[1] : $0 % array.shape[1]]
        })
      model.layers[index].fields["dtype"] = policy
      model.layers[index].fields["quantization_config"] = configuration
    }
  }

  private static func isFloat32(_ dtype: JSON?) -> Bool {
    guard let dtype, !dtype.isNull else { return true }
    return dtype == "float32" || dtype["config"]?["name"] == "float32"
  }

  /// `nil` where a number is not finite.
  private static func integers(
    _ numbers: [Float], columns: Int, byRow: Bool
  ) -> (numbers: [Int32], scales: [Float])? {
    guard columns > 0, numbers.allSatisfy(\.isFinite) else { return nil }
    var most = [Float](repeating: 0, count: byRow ? numbers.count / columns : columns)
    for (index, number) in numbers.enumerated() {
      let place = byRow ? index / columns : index % columns
      most[place] = max(most[place], number.magnitude)
    }
    let scales = most.map { largest / ($0 + epsilon) }
    let rounded = numbers.enumerated().map { index, number in
      let scaled = (number * scales[byRow ? index / columns : index % columns]).rounded(.toNearestOrEven)
      return Int32(max(-largest, min(largest, scaled)))
    }
    return (rounded, scales)
  }

  private static let policy: JSON = [
    "module": "keras.dtype_policies", "class_name": "QuantizedDTypePolicy",
    "config": ["mode": "int8", "source_name": "float32"], "registered_name": nil,
  ]
  private static let configuration: JSON = [
    "module": "keras.quantizers", "class_name": "Int8QuantizationConfig",
    "config": [
      "weight_quantizer": nil,
      "activation_quantizer": [
        "module": "keras.quantizers", "class_name": "AbsMaxQuantizer",
        "config": ["value_range": [-127, 127], "epsilon": 1e-7, "output_dtype": "int8"], "registered_name": nil,
      ],
    ], "registered_name": nil,
  ]
}
