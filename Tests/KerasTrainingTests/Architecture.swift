import Foundation
import KerasCore
import KerasFile

@testable import KerasModel

/// A model built layer by layer, with weights as its initializers make them.
struct Architecture {
  private var layers: [JSON] = []
  private var input = ""

  mutating func input(_ shape: [Int]) -> String {
    input = "x"
    layers.append([
      "class_name": "InputLayer", "name": "x",
      "config": [
        "name": "x", "dtype": "float32", "sparse": false, "ragged": false,
        "batch_input_shape": .array([.null] + shape.map { JSON($0) }),
      ], "inbound_nodes": [],
    ])
    return input
  }

  /// The layer's name, which its result has too; `others` are tensors of its call that have names.
  mutating func add(
    _ className: String, _ config: JSON = [:], _ inputs: String..., others: [String: String] = [:]
  ) -> String {
    let name = "l\(layers.count)"
    var config = config
    config["name"] = .string(name)
    var arguments: JSON = [:]
    for (key, value) in others { arguments[key] = [.string(value), 0, 0] }
    let nodes = inputs.map { input -> JSON in [.string(input), 0, 0, arguments] }
    layers.append([
      "class_name": .string(className), "name": .string(name), "config": config, "inbound_nodes": [.array(nodes)],
    ])
    return name
  }

  /// As TensorFlow 2.15 writes it.
  func model(output: String) throws -> LoadedModel {
    let config: JSON = [
      "class_name": "Functional", "keras_version": "2.15.0", "backend": "tensorflow",
      "config": [
        "name": "m", "trainable": true, "layers": .array(layers), "input_layers": [[.string(input), 0, 0]],
        "output_layers": [[.string(output), 0, 0]],
      ],
    ]
    let source = ModelSource(file: "built.json", format: .json, config: config)
    var options = LoadOptions()
    options.allowsPartialWeights = true
    options.seed = 3
    return try LoadedModel.load(source: source, options: options)
  }
}
