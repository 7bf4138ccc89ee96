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
      .written(
        RuleCase.one("Dense", ["output_dim": 2, "W_regularizer": "l1l2"], input: [nil, 3]), stamp: "1.2.2")),
    .clean("l1l2-default-0.01", .model("keras-1.2.2/mlp_regularizers.h5")),
    .hit(
      "eigenvalue-regularizer",
      .written(
        RuleCase.one(
          "Dense", ["output_dim": 3, "W_regularizer": ["name": "EigenvalueRegularizer"]], input: [nil, 3]),
        stamp: "1.2.2")),
    .clean("eigenvalue-regularizer", .model("keras-1.2.2/mlp_regularizers.h5")),
  ]
}
