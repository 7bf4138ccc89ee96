import KerasKit

extension RuleCases {
  static let activity: [RuleCase] = [
    .hit("act-reg-on-input", .config("areg_nested_functional-keras-2.1.3")),
    .hit("act-reg-on-input", .config("areg_sequential_in_sequential-keras-2.1.3")),
    .clean("act-reg-on-input", .config("areg_nested_functional-keras-2.1.3", stamp: "2.1.4")),
    .clean("act-reg-on-input", .config("areg_shared_layer-keras-2.1.3")),
    .hit("act-reg-nested-dropped", .model("keras-2.0.2/nested_activity.h5")),
    .clean("act-reg-nested-dropped", .model("keras-2.1.3/nested_activity.h5")),
    .hit("act-reg-possible-1x-stamp", .config("areg_nested_functional-keras-2.1.3", stamp: "1")),
    .clean("act-reg-possible-1x-stamp", .config("areg_nested_functional-keras-2.1.3")),
    .hit("act-reg-batch-scale", .config("areg_layer-keras-2.1.3")),
    .clean("act-reg-batch-scale", .config("areg_nested_functional-tfkeras-1.15")),
    .hit("act-reg-timedistributed-double", .config("areg_time_distributed_fixed_batch-keras-2.1.3")),
    .clean("act-reg-timedistributed-double", .config("areg_time_distributed-keras-2.1.3")),
    .hit("act-reg-timedistributed-dropped", .config("areg_time_distributed-keras-2.1.3")),
    .clean("act-reg-timedistributed-dropped", .config("areg_layer-keras-2.1.3")),
    .hit("act-reg-td-divisor", .config("areg_time_distributed-tfkeras-1.15")),
    .clean("act-reg-td-divisor", .config("areg_time_distributed-keras-2.1.3")),
    .hit("act-reg-bidirectional", .config("areg_bidirectional-keras-2.0.0")),
    .clean("act-reg-bidirectional", .config("areg_layer-keras-2.1.3")),
    .hit(
      "act-reg-simplernn-ignored",
      .written(
        RuleCase.one("SimpleRNN", ["units": 2, "activity_regularizer": l2(0.1)], input: [nil, 4, 3]), stamp: "2.2.4")),
    .clean(
      "act-reg-simplernn-ignored",
      .written(
        RuleCase.one("GRU", ["units": 2, "activity_regularizer": l2(0.1)], input: [nil, 4, 3]), stamp: "2.2.4")),
    .hit(
      "act-reg-rejects-weight",
      .written(
        RuleCase.one(
          "Dense",
          ["output_dim": 2, "activity_regularizer": ["name": "WeightRegularizer", "l1": 0.0, "l2": 0.1]],
          input: [nil, 3]), stamp: "1.0.8"), at: "/config/0/config/activity_regularizer"),
    .clean("act-reg-rejects-weight", .config("areg_dense_relu_l2-keras-1.0.8")),
    .clean(
      "act-reg-rejects-weight",
      .written(
        RuleCase.one(
          "Dense",
          ["output_dim": 2, "activity_regularizer": ["name": "L1L2Regularizer", "l1": 0.0, "l2": 0.1]],
          input: [nil, 3]), stamp: "1.2.2")),
    .hit("act-reg-on-input", .model("keras-3/nested_activity.keras"), target: Release(KerasVersion(2, 1, 3))),
    .clean("act-reg-on-input", .config("areg_nested_functional-keras-2.1.3"), target: Release(KerasVersion(2, 1, 3))),
    .clean("act-reg-batch-scale", .config("areg_layer-keras-2.1.3"), target: .keras23),
    .clean("act-reg-batch-scale", .config("areg_layer-keras-2.1.3"), target: .keras313),
    .hit("act-reg-batch-scale", .config("areg_nested_functional-tfkeras-1.15"), target: .keras313),
    .hit("act-reg-nested-dropped", .model("keras-2.1.3/nested_activity.h5"), target: Release(KerasVersion(2, 0, 2))),
    .clean("act-reg-bidirectional", .config("areg_bidirectional-keras-2.0.0"), target: Release(KerasVersion(2, 0, 2))),
    .hit("act-reg-losses-not-train-only", .config("areg_dense_relu_l2-keras-1.0.8")),
    .clean("act-reg-losses-not-train-only", .config("areg_layer-keras-2.1.3")),
  ]

  /// Keras 2's words for a penalty of squares.
  static func l2(_ factor: Double) -> JSON {
    ["class_name": "L1L2", "config": ["l1": 0.0, "l2": .number(factor)]]
  }
}
