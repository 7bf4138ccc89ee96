import KerasKit

extension RuleCases {
  static let masks: [RuleCase] = [
    .hit(
      "embedding-mask-zero-lost",
      .written(
        ["name": "Sequential", "layers": [["name": "Embedding", "input_dim": 5, "output_dim": 2]]], stamp: nil)),
    .clean("embedding-mask-zero-lost", .model("keras-1.2.2/embedding_lstm_mask.h5")),
    .hit("mask-dropped-layer", flattened(masked: true), target: Release(KerasVersion(1, 2, 2))),
    .hit("mask-dropped-layer", flattened(masked: true)),
    .clean("mask-dropped-layer", flattened(masked: false)),
    .clean("mask-dropped-layer", .model("keras-2.1.3/embedding_lstm_mask.h5")),
    .hit("merge-mask", .written(mergedEmbeddings(masked: true), stamp: "2.2.4")),
    .clean("merge-mask", .written(mergedEmbeddings(masked: false), stamp: "2.2.4")),
    .hit("lambda-code", .config("lambda_python-keras-2.1.3")),
    .clean("lambda-code", .config("areg_layer-keras-2.1.3")),
    .hit("shared-layer-nested-index", .model("keras-2.1.3/nested_functional.h5")),
    .clean("shared-layer-nested-index", .model("keras-2.1.3/merge_functional.h5")),
    .hit("trainable-flag", nested(trainable: false)),
    .clean("trainable-flag", nested(trainable: true)),
    .hit("autoencoder-reconstruction", .fixture("legacy_layers/keras-0.2.0/autoencoder_encoded.json")),
    .clean("autoencoder-reconstruction", .fixture("legacy_layers/keras-0.2.0/autoencoder_decoded.json")),
    .hit(
      "dtype-policy",
      RuleCase.layer(
        "Dense", ["units": 2, "dtype": ["class_name": "Policy", "config": ["name": "mixed_float16"]]], input: [nil, 3],
        "2.15.0")),
    .clean("dtype-policy", .model("keras-2.15/mlp_adam.h5")),
  ]

  private static func flattened(masked: Bool) -> RuleCase.Origin {
    RuleCase.stack(
      "2.2.4",
      RuleCase.object(
        "Embedding",
        ["name": "e", "input_dim": 5, "output_dim": 2, "mask_zero": .bool(masked), "batch_input_shape": [nil, 4]]),
      RuleCase.object("Flatten", ["name": "f", "data_format": "channels_last"]))
  }

  private static func nested(trainable: Bool) -> RuleCase.Origin {
    let inner: JSON = [
      "class_name": "Sequential",
      "config": [
        "name": "inner", "trainable": .bool(trainable),
        "layers": [RuleCase.object("Dense", ["name": "d", "units": 2, "batch_input_shape": [nil, 3]])],
      ],
    ]
    return .written(
      ["class_name": "Sequential", "config": ["name": "outer", "layers": [inner]]], stamp: "2.3.1")
  }

  private static func mergedEmbeddings(masked: Bool) -> JSON {
    func call(_ layer: String) -> JSON { [.string(layer), 0, 0, [:]] }
    func embedding(_ name: JSON) -> JSON {
      [
        "class_name": "Embedding", "name": name, "inbound_nodes": [[call("x")]],
        "config": ["name": name, "input_dim": 5, "output_dim": 2, "mask_zero": .bool(masked)],
      ]
    }
    return [
      "class_name": "Model",
      "config": [
        "name": "m",
        "layers": [
          [
            "class_name": "InputLayer", "name": "x", "inbound_nodes": [],
            "config": ["name": "x", "batch_input_shape": [nil, 4], "dtype": "int32"],
          ],
          embedding("a"), embedding("b"),
          ["class_name": "Add", "name": "c", "inbound_nodes": [[call("a"), call("b")]], "config": ["name": "c"]],
        ],
        "input_layers": [["x", 0, 0]], "output_layers": [["c", 0, 0]],
      ],
    ]
  }
}
