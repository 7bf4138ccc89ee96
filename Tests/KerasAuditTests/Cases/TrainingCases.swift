import KerasKit
import PackedFixtures

extension RuleCases {
  static let training: [RuleCase] = losses + metrics + optimizers

  private static let losses: [RuleCase] = [
    .hit("loss-mask-normalization", packed("metrics/keras-2.1.3", "masked.h5"), at: "/loss", target: .tensorFlow115),
    .hit("loss-mask-normalization", packed("metrics/tfkeras-2.5", "masked.h5"), at: "/loss"),
    .clean("loss-mask-normalization", packed("metrics/keras-2.1.3", "masked.h5")),
    .clean("loss-mask-normalization", packed("metrics/tfkeras-2.5", "accuracy_labels.h5")),
    .hit(
      "sample-weight-normalization",
      dense(compiled(["loss": "mse", "sample_weight_mode": "temporal"]), stamp: "2.1.3"), at: "/sample_weight_mode"),
    .clean("sample-weight-normalization", packed("metrics/keras-2.15", "means.h5")),
    .clean("sample-weight-normalization", packed("metrics/keras-2.1.3", "mean_squared_error.h5")),
    .hit("loss-reduction", packed("metrics/keras-2.15", "huber_delta.h5"), at: "/loss"),
    .clean("loss-reduction", packed("metrics/keras-2.15", "reduction_sum.h5")),
    .clean("loss-reduction", packed("metrics/keras-2.15", "huber.h5")),
    .hit(
      "temporal-sample-weight",
      dense(compiled(["loss": "mse", "sample_weight_mode": "temporal"]), stamp: "2.3.1"), at: "/sample_weight_mode"),
    .clean(
      "temporal-sample-weight", dense(compiled(["loss": "mse", "sample_weight_mode": nil]), stamp: "2.3.1")),
    .hit(
      "cosine-proximity", packed("metrics/keras-2.1.3", "cosine_proximity.h5"), at: "/loss",
      target: Release(KerasVersion(2, 0, 8))),
    .clean("cosine-proximity", packed("metrics/keras-2.1.3", "cosine_proximity.h5")),
    .clean(
      "cosine-proximity", packed("metrics/keras-2.1.3", "poisson.h5"), target: Release(KerasVersion(2, 0, 8))),
    .hit("binary-xent-clip", packed("metrics/tfkeras-2.5", "accuracy_labels.h5"), at: "/loss", target: .keras22),
    .clean("binary-xent-clip", packed("metrics/tfkeras-2.5", "hinge.h5"), target: .keras22),
    .hit("categorical-xent-renorm", .model("keras-2.1.3/mlp_adam.h5"), at: "/loss"),
    .clean("categorical-xent-renorm", .model("keras-2.1.3/mlp_adam.h5"), target: .keras23),
    .clean("categorical-xent-renorm", .model("keras-2.1.3/nested_activity.h5")),
    .hit("label-smoothing", packed("metrics/keras-2.15", "bce_logits.h5"), at: "/loss", target: .keras22),
    .clean("label-smoothing", packed("metrics/keras-2.15", "bce_logits.h5")),
    .clean("label-smoothing", packed("metrics/keras-2.15", "huber_delta.h5"), target: .keras22),
  ]

  private static let metrics: [RuleCase] = [
    .hit("class-mode", .written(keras0(["class_mode": "binary"]), stamp: nil), at: "/class_mode"),
    .clean("class-mode", .config("areg_dense_relu_l2-keras-0.3.3")),
    .hit("accuracy-resolution", packed("metrics/keras-2.1.3", "accuracy_labels.h5"), at: "/metrics/0"),
    .clean("accuracy-resolution", packed("metrics/keras-2.1.3", "accuracy_labels.h5"), target: .keras23),
    .clean("accuracy-resolution", packed("metrics/keras-2.1.3", "accuracy_binary.h5")),
    .clean("accuracy-resolution", packed("metrics/keras-2.1.3", "accuracy_one_hot.h5")),
    .clean("accuracy-resolution", packed("metrics/keras-2.1.3", "accuracy_indices.h5")),
    .hit("metric-name-acc", packed("metrics/keras-2.1.3", "accuracy_one_hot.h5"), at: "/metrics/2"),
    .clean("metric-name-acc", packed("metrics/keras-2.1.3", "accuracy_one_hot.h5"), target: .keras22),
    .clean("metric-name-acc", packed("metrics/keras-2.1.3", "hinge.h5")),
    .hit(
      "metric-batchwise", dense(compiled(["loss": "mse", "metrics": ["fmeasure"]]), stamp: "1.2.2"), at: "/metrics/0"),
    .hit(
      "metric-batchwise", dense(compiled(["loss": "mse", "metrics": ["precision"]]), stamp: "1.2.2"), at: "/metrics/0"),
    .clean("metric-batchwise", .model("keras-1.2.2/mlp_regularizers.h5")),
    .hit("stateful-metrics", packed("metrics/keras-2.1.3", "masked.h5"), at: "/metrics/1"),
    .clean("stateful-metrics", packed("metrics/keras-2.1.3", "masked.h5"), target: .keras22),
    .clean("stateful-metrics", packed("metrics/keras-2.1.3", "accuracy_binary.h5")),
  ]

  private static let optimizers: [RuleCase] = [
    .hit("rmsprop-eps", packed("optimizers/keras-2.1.3", "rmsprop.h5"), at: "/optimizer_config/config/epsilon"),
    .hit("rmsprop-eps", packed("optimizers/keras-2.15", "legacy_rmsprop.h5")),
    .clean("rmsprop-eps", packed("optimizers/keras-2.15", "rmsprop.h5")),
    .clean("rmsprop-eps", packed("optimizers/keras-2.15", "legacy_rmsprop_momentum.h5")),
    .clean("rmsprop-eps", packed("optimizers/keras-2.1.3", "adam.h5")),
    .hit("adagrad-eps/init", packed("optimizers/keras-2.1.3", "adagrad.h5")),
    .clean("adagrad-eps/init", packed("optimizers/keras-2.15", "adagrad.h5")),
    .clean("adagrad-eps/init", packed("optimizers/keras-2.1.3", "adadelta.h5")),
    .hit(
      "adadelta-lr",
      dense(compiled(["loss": "mse", "optimizer": ["class_name": "Adadelta", "config": [:]]]), stamp: "2.2.4"),
      at: "/optimizer"),
    .clean("adadelta-lr", packed("optimizers/keras-2.1.3", "adadelta_defaults.h5")),
    .hit(
      "nadam/adamax-lr", dense(compiled(["loss": "mse", "optimizer": "adamax"]), stamp: "2.2.4"), at: "/optimizer"),
    .clean("nadam/adamax-lr", packed("optimizers/keras-2.1.3", "adamax.h5")),
    .hit(
      "adam-eps",
      dense(
        compiled([
          "loss": "mse", "optimizer_config": ["class_name": "Adam", "config": ["lr": 0.01, "epsilon": nil]],
        ]), stamp: "2.1.2"), at: "/optimizer_config/config/epsilon"),
    .clean("adam-eps", packed("optimizers/keras-1.2.2", "adam_defaults.h5")),
    .hit(
      "nadam-schedule", packed("optimizers/keras-2.1.3", "nadam.h5"), at: "/optimizer_config/config/schedule_decay"),
    .hit("nadam-schedule", packed("optimizers/keras-2.15", "legacy_nadam.h5")),
    .clean("nadam-schedule", packed("optimizers/keras-2.1.3", "nadam.h5"), target: .keras23),
    .clean("nadam-schedule", packed("optimizers/keras-2.1.3", "adam.h5")),
    .hit("optimizer-iteration-race", .model("keras-2.3.1/mlp_adam.h5"), at: "/optimizer_config"),
    .clean("optimizer-iteration-race", .model("keras-2.1.3/mlp_adam.h5")),
    .clean("optimizer-iteration-race", .model("keras-2.3.1/mlp_sgd_momentum.h5")),
    .hit("decay", .model("keras-1.2.2/mlp_decay.h5"), at: "/optimizer_config/config/decay"),
    .hit("decay", packed("optimizers/keras-2.15", "legacy_decay.h5")),
    .clean("decay", .model("keras-1.2.2/mlp_decay.h5"), target: .tensorFlow215),
    .clean("decay", .model("keras-1.2.2/mlp_regularizers.h5")),
    .hit(
      "amsgrad", packed("optimizers/keras-2.1.3", "amsgrad.h5"), at: "/optimizer_config/config/amsgrad",
      target: Release(KerasVersion(2, 0, 9))),
    .clean("amsgrad", packed("optimizers/keras-2.1.3", "amsgrad.h5")),
    .clean("amsgrad", packed("optimizers/keras-2.1.3", "adam.h5"), target: Release(KerasVersion(2, 0, 9))),
    .hit("clipnorm-scope", packed("optimizers/keras-2.1.3", "clipnorm.h5"), at: "/optimizer_config/config/clipnorm"),
    .hit("clipnorm-scope", packed("optimizers/keras-2.1.3", "clipboth.h5")),
    .clean("clipnorm-scope", packed("optimizers/keras-2.1.3", "clipnorm.h5"), target: .keras23),
    .clean("clipnorm-scope", packed("optimizers/keras-2.15", "clipnorm.h5")),
    .clean("clipnorm-scope", packed("optimizers/keras-2.1.3", "clipvalue.h5")),
  ]

  /// A file of a zip of recordings.
  private static func packed(_ folder: String, _ name: String) -> RuleCase.Origin {
    .path("\(PackedFixtures.folder(folder))/\(name)")
  }

  /// One layer with a training config.
  private static func dense(_ training: JSON, stamp: String) -> RuleCase.Origin {
    let units: String = stamp.hasPrefix("1") ? "output_dim" : "units"
    return .written(RuleCase.one("Dense", .object([units: 2]), input: [nil, 3]), stamp: stamp, training: training)
  }

  private static func compiled(_ fields: JSON) -> JSON { fields }

  /// A model in the words of Keras 0, compiled.
  private static func keras0(_ fields: JSON) -> JSON {
    var config: JSON = [
      "name": "Sequential", "loss": "binary_crossentropy", "optimizer": ["name": "SGD", "lr": 0.1],
      "layers": [["name": "Dense", "output_dim": 1, "input_dim": 3, "input_shape": [3]]],
    ]
    for (key, value) in fields.objectValue ?? [:] { config[key] = value }
    return config
  }
}

extension Release {
  static let keras22 = Release(KerasVersion(2, 2, 4))
  static let tensorFlow115 = Release(KerasVersion(2, 2, 4, isTensorFlow: true))
}
