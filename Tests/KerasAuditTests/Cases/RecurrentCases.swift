import KerasKit

extension RuleCases {
  static let recurrent: [RuleCase] = recurrentDefaults + recurrentMasks + activations

  private static let recurrentDefaults: [RuleCase] = [
    .hit("hard-sigmoid-def", .model("keras-2.1.3/lstm_hard_sigmoid.h5"), at: "/config/2/config/activation"),
    .clean("hard-sigmoid-def", .model("keras-3/lstm_hard_sigmoid.keras")),
    .clean("hard-sigmoid-def", .model("keras-2.1.3/lstm_hard_sigmoid.h5"), target: .tensorFlow215),
    .hit("recurrent-activation-default", RuleCase.layer("LSTM", ["units": 2], input: steps, "2.2.4")),
    .clean("recurrent-activation-default", RuleCase.layer("LSTM", ["units": 2], input: steps, "2.3.1")),
    .clean("recurrent-activation-default", .model("keras-2.1.3/embedding_lstm_mask.h5")),
    .hit(
      "rnn-activation-default-0x",
      .written(
        ["name": "Sequential", "layers": [["name": "GRU", "output_dim": 2, "input_shape": [4, 3]]]], stamp: nil)),
    .clean("rnn-activation-default-0x", .fixture("legacy_layers/keras-0.2.0/mask_reset.json")),
    .hit("gru-reset-after-default", .model("keras-2.1.3/gru_bidirectional.h5")),
    .clean("gru-reset-after-default", .model("keras-2.3.1/gru_bidirectional.h5")),
    .clean("gru-reset-after-default", .model("keras-2.1.3/gru_bidirectional.h5"), target: .keras23),
    .hit(
      "gru-reset-after-since", .model("keras-2.3.1/gru_bidirectional.h5"), target: Release(KerasVersion(2, 1, 3))),
    .clean("gru-reset-after-since", .model("keras-2.3.1/gru_bidirectional.h5")),
    .hit("time-major", .model("keras-2.15/embedding_lstm_mask.h5")),
    .clean("time-major", .model("keras-2.15/embedding_lstm_mask.h5"), target: Release(KerasVersion(2, 5))),
    .clean("time-major", .model("keras-2.3.1/embedding_lstm_mask.h5")),
    .hit("rnn-implementation-0", .config("areg_bidirectional-keras-2.0.0")),
    .clean("rnn-implementation-0", .config("areg_bidirectional-keras-2.1.3")),
    .hit(
      "gru-candidate-input", RuleCase.layer("GRU", ["units": 2, "implementation": 1], input: steps, "2.0.1"),
      at: "/config/0/config/implementation"),
    .clean("gru-candidate-input", RuleCase.layer("GRU", ["units": 2, "implementation": 1], input: steps, "2.0.2")),
    .hit("stacked-state-order", stacked("2.2.0")),
    .clean("stacked-state-order", stacked("2.2.4")),
    .hit("srelu-theano", RuleCase.layer("SReLU", [:], input: [nil, 3], "1.2.2", backend: "theano")),
    .clean("srelu-theano", .model("keras-2.1.3/advanced_activations.h5")),
  ]

  private static let recurrentMasks: [RuleCase] = [
    .hit("rnn-mask-reset", .fixture("legacy_layers/keras-0.2.0/mask_reset.json")),
    .clean(
      "rnn-mask-reset",
      .written(
        ["name": "Sequential", "layers": [["name": "GRU", "output_dim": 2, "input_shape": [4, 3]]]], stamp: nil)),
    .clean("rnn-mask-reset", .model("keras-1.2.2/embedding_lstm_mask.h5")),
    .hit(
      "rnn-mask-output",
      RuleCase.layer(
        "LSTM", ["units": 2, "return_sequences": true, "zero_output_for_mask": true], input: steps, "2.5.0"),
      target: .keras23),
    .clean("rnn-mask-output", .model("keras-2.15/embedding_lstm_mask.h5"), target: .keras23),
    .hit("bidirectional-mask-zero", .model("keras-2.1.3/gru_bidirectional.h5")),
    .clean("bidirectional-mask-zero", .model("keras-2.15/gru_bidirectional.h5")),
    .clean("bidirectional-mask-zero", .config("areg_bidirectional-keras-2.1.3")),
    .hit("bidirectional-unroll-mask", unrolled("2.2.4", masked: true)),
    .clean("bidirectional-unroll-mask", unrolled("2.2.4", masked: false)),
    .clean("bidirectional-unroll-mask", unrolled("2.5.0", masked: true)),
    .hit("stateful", RuleCase.layer("LSTM", ["units": 2, "stateful": true], input: [2, 4, 3], "2.2.4")),
    .clean("stateful", .model("keras-2.1.3/embedding_lstm_mask.h5")),
    .hit(
      "go_backwards",
      RuleCase.layer(
        "LSTM", ["units": 2, "go_backwards": true, "return_sequences": true], input: steps, "2.2.4")),
    .clean("go_backwards", .model("keras-2.1.3/gru_bidirectional.h5")),
    .hit("rnn-unroll", .model("keras-2.1.3/time_distributed.h5")),
    .clean("rnn-unroll", .model("keras-2.1.3/embedding_lstm_mask.h5")),
    .hit(
      "consume-less/implementation",
      RuleCase.layer(
        "LSTM", ["output_dim": 2, "dropout_W": 0.2, "dropout_U": 0.0, "consume_less": "mem"], input: steps, "1.2.2"),
      at: "/config/0/config/dropout_W"),
    .clean("consume-less/implementation", .model("keras-1.2.2/embedding_lstm_mask.h5")),
    .clean(
      "consume-less/implementation",
      RuleCase.layer("LSTM", ["units": 2, "dropout": 0.2, "implementation": 2], input: steps, "2.2.4")),
  ]

  private static let activations: [RuleCase] = [
    .hit("softmax-axis", softmax("channels_first"), target: Release(KerasVersion(2, 0, 0))),
    .clean("softmax-axis", softmax("channels_first")),
    .hit(
      "softmax-axis", softmaxLayer(after: "MaxPooling2D"), at: "/config/2/config/activation",
      target: Release(KerasVersion(2, 0, 0))),
    .clean("softmax-axis", softmaxLayer(after: "GlobalMaxPooling2D"), target: Release(KerasVersion(2, 0, 0))),
    .hit("softmax-mask", maskedSoftmax("2.2.4")),
    .clean("softmax-mask", maskedSoftmax("2.5.0")),
    .hit(
      "leaky-relu-default",
      RuleCase.layer("Dense", ["units": 2, "activation": "leaky_relu"], input: [nil, 3], "2.15.0"),
      target: .keras23),
    .clean(
      "leaky-relu-default",
      RuleCase.layer("Dense", ["units": 2, "activation": "leaky_relu"], input: [nil, 3], "2.15.0")),
    .hit(
      "elu-selu-version", RuleCase.layer("Dense", ["units": 2, "activation": "gelu"], input: [nil, 3], "2.15.0"),
      target: .keras23),
    .clean(
      "elu-selu-version", RuleCase.layer("Dense", ["units": 2, "activation": "selu"], input: [nil, 3], "2.15.0"),
      target: .keras23),
    .hit("activation-advanced-object", dense(["class_name": "LeakyReLU", "config": ["name": "a", "alpha": 0.1]])),
    .clean("activation-advanced-object", dense("relu")),
  ]

  static let steps: JSON = [nil, 4, 3]

  private static func dense(_ activation: JSON) -> RuleCase.Origin {
    RuleCase.layer("Dense", ["units": 2, "activation": activation], input: [nil, 3], "2.2.4")
  }

  private static func softmax(_ format: JSON) -> RuleCase.Origin {
    RuleCase.layer(
      "Conv2D", ["filters": 2, "kernel_size": [1, 1], "data_format": format, "activation": "softmax"],
      input: [nil, 4, 4, 3], "2.2.4")
  }

  /// A convolution, a pooling and a softmax of its own.
  private static func softmaxLayer(after pooling: String) -> RuleCase.Origin {
    RuleCase.stack(
      "2.2.4",
      RuleCase.object(
        "Conv2D", ["name": "c", "filters": 2, "kernel_size": [1, 1], "batch_input_shape": [nil, 4, 4, 3]]),
      RuleCase.object(pooling, ["name": "p", "data_format": "channels_last"]),
      RuleCase.object("Activation", ["name": "a", "activation": "softmax"]))
  }

  private static func stacked(_ stamp: String) -> RuleCase.Origin {
    let cells: JSON = [
      RuleCase.object("LSTMCell", ["units": 2, "name": "a"]), RuleCase.object("LSTMCell", ["units": 3, "name": "b"]),
    ]
    return RuleCase.layer(
      "RNN", ["cell": RuleCase.object("StackedRNNCells", ["cells": cells, "name": "cells"])], input: steps, stamp)
  }

  private static func unrolled(_ stamp: String, masked: Bool) -> RuleCase.Origin {
    let inner = RuleCase.object(
      "LSTM",
      ["name": "l", "units": 2, "unroll": true, "return_sequences": true, "recurrent_activation": "sigmoid"])
    return RuleCase.stack(
      stamp,
      RuleCase.object(
        masked ? "Masking" : "Activation",
        masked
          ? ["name": "m", "batch_input_shape": steps] : ["name": "m", "batch_input_shape": steps, "activation": "relu"]),
      RuleCase.object("Bidirectional", ["name": "b", "layer": inner, "merge_mode": "concat"]))
  }

  private static func maskedSoftmax(_ stamp: String) -> RuleCase.Origin {
    RuleCase.stack(
      stamp, RuleCase.object("Masking", ["name": "m", "batch_input_shape": steps]),
      RuleCase.object("Softmax", ["name": "s", "axis": -1]))
  }
}
