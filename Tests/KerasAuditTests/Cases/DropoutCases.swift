import KerasKit

extension RuleCases {
  static let dropout: [RuleCase] = [
    .hit("dropout-not-inverted", .fixture("legacy_layers/keras-0.2.0/dropout_merge.json")),
    .clean("dropout-not-inverted", .fixture("legacy_layers/keras-0.2.0/images.json")),
    .clean("dropout-not-inverted", .model("keras-1.2.2/shapes_and_noise.h5")),
    .hit("dropout-noise-shape-lost", .model("keras-1.2.2/shapes_and_noise.h5")),
    .clean("dropout-noise-shape-lost", .model("keras-2.1.3/shapes_and_noise.h5")),
    .hit("dropout-1-p", RuleCase.layer("Dropout", ["p": 1.0], input: [nil, 3], "1.2.2")),
    .clean("dropout-1-p", RuleCase.layer("Dropout", ["p": 0.5], input: [nil, 3], "1.2.2")),
    .hit("alpha-dropout-config", RuleCase.layer("AlphaDropout", ["rate": 0.2], input: [nil, 3], "2.2.4")),
    .clean(
      "alpha-dropout-config",
      RuleCase.layer("AlphaDropout", ["rate": 0.2, "noise_shape": nil], input: [nil, 3], "2.15.0")),
    .hit(
      "recurrent-dropout",
      RuleCase.layer(
        "GRU", ["units": 2, "recurrent_dropout": 0.2, "implementation": 2, "reset_after": false], input: steps, "2.2.4"),
      at: "/config/0/config/recurrent_dropout"),
    .clean("recurrent-dropout", .model("keras-2.1.3/gru_bidirectional.h5")),
  ]
}
