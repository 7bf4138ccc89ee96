import KerasKit

extension RuleCases {
  static let regularizers: [RuleCase] = [
    .hit(
      "rnn-1.2-u-regularizer", .model("keras-1.2.2/lstm_regularizers_cpu.h5"), at: "/config/0/config/U_regularizer"),
    .clean("rnn-1.2-u-regularizer", .model("keras-1.2.2/lstm_regularizers_gpu.h5")),
    .hit("weight-regularizer-name", .model("keras-1.2.2/mlp_regularizers.h5")),
    .clean("weight-regularizer-name", .model("keras-2.1.3/mlp_regularizers.h5")),
    .hit(
      "l1l2-default-0.01",
      RuleCase.layer("Dense", ["output_dim": 2, "W_regularizer": "l1l2"], input: [nil, 3], "1.2.2")
    ),
    .clean("l1l2-default-0.01", .model("keras-1.2.2/mlp_regularizers.h5")),
    .hit(
      "eigenvalue-regularizer",
      RuleCase.layer(
        "Dense", ["output_dim": 3, "W_regularizer": ["name": "EigenvalueRegularizer"]], input: [nil, 3], "1.2.2")),
    .clean("eigenvalue-regularizer", .model("keras-1.2.2/mlp_regularizers.h5")),

    .hit("constraint-axis-th", convolution(constraint: ["name": "MaxNorm", "m": 2, "axis": 0], "th", "1.2.2")),
    .clean("constraint-axis-th", convolution(constraint: ["name": "MaxNorm", "m": 2, "axis": 0], "tf", "1.2.2")),
    .clean("constraint-axis-th", convolution(constraint: ["name": "NonNeg"], "th", "1.2.2")),
    .hit("unitnorm-axis", keras0(["W_constraint": ["name": "UnitNorm"]])),
    .clean("unitnorm-axis", keras0(["W_constraint": ["name": "UnitNorm", "axis": 0]])),
    .hit("constraint-eps", keras0(["W_constraint": ["name": "UnitNorm"]])),
    .clean("constraint-eps", keras0(["W_constraint": ["name": "MaxNorm", "m": 2]])),

    .hit("orthogonal-gain", .model("keras-1.2.2/embedding_lstm_mask.h5")),
    .clean("orthogonal-gain", .model("keras-2.1.3/embedding_lstm_mask.h5")),
    .clean("orthogonal-gain", .model("keras-1.2.2/conv1d.h5")),
    .hit(
      "he-glorot-normal-trunc",
      RuleCase.layer("Dense", ["output_dim": 2, "init": "he_normal"], input: [nil, 3], "1.2.2")),
    .clean(
      "he-glorot-normal-trunc",
      RuleCase.layer("Dense", ["output_dim": 2, "init": "he_uniform"], input: [nil, 3], "1.2.2")),
    .hit(
      "conv1d-init",
      RuleCase.layer("Convolution1D", ["nb_filter": 2, "filter_length": 3], input: [nil, 6, 2], "1.0.8")),
    .clean("conv1d-init", .model("keras-1.2.2/conv1d.h5")),
    .hit(
      "lstm-forget-bias",
      RuleCase.layer("LSTM", ["output_dim": 2, "forget_bias_init": "zero"], input: [nil, 4, 3], "1.2.2")),
    .clean("lstm-forget-bias", .model("keras-1.2.2/lstm_regularizers_cpu.h5")),
    .hit(
      "embedding-dropout",
      RuleCase.layer("Embedding", ["input_dim": 5, "output_dim": 2, "dropout": 0.3], input: [nil, 4], "1.2.2"),
      at: "/config/0/config/dropout"),
    .clean("embedding-dropout", .model("keras-1.2.2/embedding_lstm_mask.h5")),
  ]

  private static func convolution(constraint: JSON, _ ordering: JSON, _ stamp: String) -> RuleCase.Origin {
    RuleCase.layer(
      "Convolution2D",
      ["nb_filter": 2, "nb_row": 3, "nb_col": 3, "dim_ordering": ordering, "W_constraint": constraint],
      input: [nil, 4, 8, 8], stamp)
  }

  /// A Dense in the words of Keras 0.
  static func keras0(_ fields: JSON, layer: String = "Dense") -> RuleCase.Origin {
    var object: JSON = ["name": .string(layer), "output_dim": 2, "input_shape": [3], "activation": "linear"]
    for (key, value) in fields.objectValue ?? [:] { object[key] = value }
    return .written(["name": "Sequential", "layers": [object]], stamp: nil)
  }
}
