import KerasKit

extension RuleCases {
  static let normalization: [RuleCase] = [
    .hit("bn-running-std", normalization("1.0.5", old)),
    .clean("bn-running-std", normalization("1.0.8", old)),
    .clean("bn-running-std", .model("keras-1.2.2/mlp_regularizers.h5")),
    .hit("bn-running-std-ambiguous", .weights(RuleCase.one("BatchNormalization", old, input: [nil, 3]), names)),
    .clean("bn-running-std-ambiguous", .model("keras-1.2.2/mlp_regularizers.h5")),
    .hit("bn-0.1-lost-stats", keras0(["epsilon": 1e-6, "mode": 0], layer: "BatchNormalization")),
    .clean("bn-0.1-lost-stats", normalization("1.0.8", old)),
    .hit("bn-0.1-2-axis", keras0(["epsilon": 1e-6, "mode": 0], layer: "BatchNormalization")),
    .clean("bn-0.1-2-axis", normalization("1.0.8", old)),
    .hit("bn-mode1", .model("keras-1.2.2/bn_sample_wise.h5")),
    .clean("bn-mode1", .model("keras-1.2.2/mlp_regularizers.h5")),
    .hit("bn-mode2", normalization("1.2.2", ["mode": 2, "epsilon": 0.001, "momentum": 0.99, "axis": -1])),
    .clean("bn-mode2", .model("keras-1.2.2/bn_sample_wise.h5")),
    .hit("bn-eps/momentum-default", normalization("1.0.8", ["axis": -1, "mode": 0])),
    .clean("bn-eps/momentum-default", .model("keras-1.2.2/mlp_regularizers.h5")),
    .hit("bn-axis-list", .model("keras-2.15/conv_channels_last.h5")),
    .clean("bn-axis-list", .model("keras-2.3.1/conv_channels_last.h5")),
    .hit("bn-th-axis", .model("keras-2.1.3/conv_channels_first.h5")),
    .clean("bn-th-axis", .model("keras-2.1.3/conv_channels_last.h5")),
    .hit("bn-trainable-inference", normalization("2.2.4", frozen)),
    .clean("bn-trainable-inference", normalization("2.5.0", frozen)),
    .clean("bn-trainable-inference", .model("keras-2.1.3/mlp_regularizers.h5")),
    .hit("bn-frozen-updates", normalization("2.1.2", frozen)),
    .clean("bn-frozen-updates", normalization("2.1.3", frozen)),
    .hit("bn-unbiased", .model("keras-2.3.1/mlp_regularizers.h5")),
    .clean("bn-unbiased", .model("keras-3/mlp_regularizers.keras")),
    .clean("bn-unbiased", .model("keras-2.3.1/mlp_regularizers.h5"), target: .keras23),
    .hit("bn-zero-debias", .model("keras-2.1.3/mlp_regularizers.h5")),
    .clean("bn-zero-debias", .model("keras-2.3.1/mlp_regularizers.h5")),
  ]

  private static let old: JSON = ["mode": 0, "epsilon": 1e-6, "momentum": 0.9, "axis": -1]
  private static let names = ["bn_gamma", "bn_beta", "bn_running_mean", "bn_running_std"]
  private static let frozen: JSON = ["trainable": false, "epsilon": 0.001, "momentum": 0.99, "axis": -1]

  private static func normalization(_ stamp: String, _ fields: JSON) -> RuleCase.Origin {
    RuleCase.layer("BatchNormalization", fields, input: [nil, 3], stamp)
  }
}
