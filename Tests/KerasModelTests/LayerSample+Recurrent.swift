import KerasCore

/// Cells, convolutional LSTMs and image layers as Keras 3.15.1 wrote them; locally connected ones by hand.
extension LayerSample {
  static let recurrent: [LayerSample] = [
    LayerSample(
      "ConvLSTM1D", inputs: [[nil, 3, 5, 2]],
      config: #"""
        {"return_sequences": true, "return_state": false, "go_backwards": false, "stateful": false, "unroll":
        false, "zero_output_for_mask": false, "filters": 2, "kernel_size": [3], "strides": [1], "padding":
        "same", "data_format": "channels_last", "dilation_rate": [1], "activation": "tanh",
        "recurrent_activation": "sigmoid", "use_bias": true, "kernel_initializer": {"module":
        "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": null, "input_axes": null,
        "output_axes": null}, "registered_name": null}, "recurrent_initializer": {"module":
        "keras.initializers", "class_name": "Orthogonal", "config": {"seed": null, "gain": 1.0},
        "registered_name": null}, "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros",
        "config": {}, "registered_name": null}, "unit_forget_bias": true, "kernel_regularizer": null,
        "recurrent_regularizer": null, "bias_regularizer": null, "activity_regularizer": null,
        "kernel_constraint": null, "recurrent_constraint": null, "bias_constraint": null, "dropout": 0.0,
        "recurrent_dropout": 0.0, "seed": null}
        """#),
    LayerSample(
      "ConvLSTM2D", inputs: [[nil, 3, 4, 4, 1]],
      config: #"""
        {"return_sequences": false, "return_state": false, "go_backwards": false, "stateful": false, "unroll":
        false, "zero_output_for_mask": false, "filters": 2, "kernel_size": [2, 2], "strides": [1, 1], "padding":
        "valid", "data_format": "channels_last", "dilation_rate": [1, 1], "activation": "tanh",
        "recurrent_activation": "sigmoid", "use_bias": true, "kernel_initializer": {"module":
        "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": null, "input_axes": null,
        "output_axes": null}, "registered_name": null}, "recurrent_initializer": {"module":
        "keras.initializers", "class_name": "Orthogonal", "config": {"seed": null, "gain": 1.0},
        "registered_name": null}, "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros",
        "config": {}, "registered_name": null}, "unit_forget_bias": true, "kernel_regularizer": null,
        "recurrent_regularizer": null, "bias_regularizer": null, "activity_regularizer": null,
        "kernel_constraint": null, "recurrent_constraint": null, "bias_constraint": null, "dropout": 0.0,
        "recurrent_dropout": 0.0, "seed": null}
        """#),
    LayerSample(
      "ConvLSTM3D", inputs: [[nil, 2, 3, 2, 3, 1]],
      config: #"""
        {"return_sequences": false, "return_state": true, "go_backwards": false, "stateful": false, "unroll":
        false, "zero_output_for_mask": false, "filters": 1, "kernel_size": [2, 1, 2], "strides": [1, 1, 1],
        "padding": "valid", "data_format": "channels_last", "dilation_rate": [1, 1, 1], "activation": "tanh",
        "recurrent_activation": "sigmoid", "use_bias": true, "kernel_initializer": {"module":
        "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": null, "input_axes": null,
        "output_axes": null}, "registered_name": null}, "recurrent_initializer": {"module":
        "keras.initializers", "class_name": "Orthogonal", "config": {"seed": null, "gain": 1.0},
        "registered_name": null}, "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros",
        "config": {}, "registered_name": null}, "unit_forget_bias": true, "kernel_regularizer": null,
        "recurrent_regularizer": null, "bias_regularizer": null, "activity_regularizer": null,
        "kernel_constraint": null, "recurrent_constraint": null, "bias_constraint": null, "dropout": 0.0,
        "recurrent_dropout": 0.0, "seed": null}
        """#),
    LayerSample(
      "RNN", inputs: [[nil, 4, 3]],
      config: #"""
        {"return_sequences": true, "return_state": false, "go_backwards": false, "stateful": false, "unroll":
        false, "zero_output_for_mask": false, "cell": {"module": "keras.layers", "class_name":
        "StackedRNNCells", "config": {"name": "stacked_rnn_cells_2", "trainable": true, "dtype": {"module":
        "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null}, "cells":
        [{"module": "keras.layers", "class_name": "LSTMCell", "config": {"name": "lstm_cell_2", "trainable":
        true, "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"},
        "registered_name": null}, "units": 2, "activation": "tanh", "recurrent_activation": "sigmoid",
        "use_bias": true, "unit_forget_bias": true, "kernel_initializer": {"module": "keras.initializers",
        "class_name": "GlorotUniform", "config": {"seed": null, "input_axes": null, "output_axes": null},
        "registered_name": null}, "recurrent_initializer": {"module": "keras.initializers", "class_name":
        "Orthogonal", "config": {"seed": null, "gain": 1.0}, "registered_name": null}, "bias_initializer":
        {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": null},
        "kernel_regularizer": null, "recurrent_regularizer": null, "bias_regularizer": null,
        "kernel_constraint": null, "recurrent_constraint": null, "bias_constraint": null, "dropout": 0.0,
        "recurrent_dropout": 0.0, "seed": null}, "registered_name": null, "build_config": {"input_shape": [null,
        3]}}, {"module": "keras.layers", "class_name": "GRUCell", "config": {"name": "gru_cell_2", "trainable":
        true, "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"},
        "registered_name": null}, "units": 3, "activation": "tanh", "recurrent_activation": "sigmoid",
        "use_bias": true, "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "recurrent_initializer": {"module": "keras.initializers", "class_name": "Orthogonal", "config": {"seed":
        null, "gain": 1.0}, "registered_name": null}, "bias_initializer": {"module": "keras.initializers",
        "class_name": "Zeros", "config": {}, "registered_name": null}, "kernel_regularizer": null,
        "recurrent_regularizer": null, "bias_regularizer": null, "kernel_constraint": null,
        "recurrent_constraint": null, "bias_constraint": null, "dropout": 0.0, "recurrent_dropout": 0.0,
        "reset_after": true, "seed": null}, "registered_name": null, "build_config": {"input_shape": [null,
        2]}}]}, "registered_name": null, "build_config": {"input_shape": [null, 3]}}}
        """#),
    LayerSample(
      "SimpleRNNCell", inputs: [[nil, 3]],
      config: #"""
        {"units": 2, "activation": "tanh", "use_bias": true, "kernel_initializer": {"module":
        "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": null, "input_axes": null,
        "output_axes": null}, "registered_name": null}, "recurrent_initializer": {"module":
        "keras.initializers", "class_name": "Orthogonal", "config": {"seed": null, "gain": 1.0},
        "registered_name": null}, "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros",
        "config": {}, "registered_name": null}, "kernel_regularizer": null, "recurrent_regularizer": null,
        "bias_regularizer": null, "kernel_constraint": null, "recurrent_constraint": null, "bias_constraint":
        null, "dropout": 0.0, "recurrent_dropout": 0.0, "seed": null}
        """#),
    LayerSample(
      "GRUCell", inputs: [[nil, 3]],
      config: #"""
        {"units": 2, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": true,
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed":
        null, "input_axes": null, "output_axes": null}, "registered_name": null}, "recurrent_initializer":
        {"module": "keras.initializers", "class_name": "Orthogonal", "config": {"seed": null, "gain": 1.0},
        "registered_name": null}, "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros",
        "config": {}, "registered_name": null}, "kernel_regularizer": null, "recurrent_regularizer": null,
        "bias_regularizer": null, "kernel_constraint": null, "recurrent_constraint": null, "bias_constraint":
        null, "dropout": 0.0, "recurrent_dropout": 0.0, "reset_after": true, "seed": null}
        """#),
    LayerSample(
      "LSTMCell", inputs: [[nil, 3]],
      config: #"""
        {"units": 2, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": true,
        "unit_forget_bias": true, "kernel_initializer": {"module": "keras.initializers", "class_name":
        "GlorotUniform", "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name":
        null}, "recurrent_initializer": {"module": "keras.initializers", "class_name": "Orthogonal", "config":
        {"seed": null, "gain": 1.0}, "registered_name": null}, "bias_initializer": {"module":
        "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": null},
        "kernel_regularizer": null, "recurrent_regularizer": null, "bias_regularizer": null,
        "kernel_constraint": null, "recurrent_constraint": null, "bias_constraint": null, "dropout": 0.0,
        "recurrent_dropout": 0.0, "seed": null}
        """#),
    LayerSample(
      "StackedRNNCells", inputs: [[nil, 3]],
      config: #"""
        {"cells": [{"module": "keras.layers", "class_name": "LSTMCell", "config": {"name": "lstm_cell_4",
        "trainable": true, "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name":
        "float32"}, "registered_name": null}, "units": 2, "activation": "tanh", "recurrent_activation":
        "sigmoid", "use_bias": true, "unit_forget_bias": true, "kernel_initializer": {"module":
        "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": null, "input_axes": null,
        "output_axes": null}, "registered_name": null}, "recurrent_initializer": {"module":
        "keras.initializers", "class_name": "Orthogonal", "config": {"seed": null, "gain": 1.0},
        "registered_name": null}, "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros",
        "config": {}, "registered_name": null}, "kernel_regularizer": null, "recurrent_regularizer": null,
        "bias_regularizer": null, "kernel_constraint": null, "recurrent_constraint": null, "bias_constraint":
        null, "dropout": 0.0, "recurrent_dropout": 0.0, "seed": null}, "registered_name": null, "build_config":
        {"input_shape": [null, 3]}}, {"module": "keras.layers", "class_name": "SimpleRNNCell", "config":
        {"name": "simple_rnn_cell_2", "trainable": true, "dtype": {"module": "keras", "class_name":
        "DTypePolicy", "config": {"name": "float32"}, "registered_name": null}, "units": 3, "activation":
        "tanh", "use_bias": true, "kernel_initializer": {"module": "keras.initializers", "class_name":
        "GlorotUniform", "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name":
        null}, "recurrent_initializer": {"module": "keras.initializers", "class_name": "Orthogonal", "config":
        {"seed": null, "gain": 1.0}, "registered_name": null}, "bias_initializer": {"module":
        "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": null},
        "kernel_regularizer": null, "recurrent_regularizer": null, "bias_regularizer": null,
        "kernel_constraint": null, "recurrent_constraint": null, "bias_constraint": null, "dropout": 0.0,
        "recurrent_dropout": 0.0, "seed": null}, "registered_name": null, "build_config": {"input_shape": [null,
        2]}}]}
        """#),
    LayerSample(
      "Resizing", inputs: [[nil, 4, 3, 2]],
      config: #"""
        {"data_format": "channels_last", "height": 3, "width": 5, "interpolation": "bicubic",
        "crop_to_aspect_ratio": false, "pad_to_aspect_ratio": false, "fill_mode": "constant", "fill_value": 0.0,
        "antialias": false}
        """#),
    LayerSample(
      "CenterCrop", inputs: [[nil, 5, 3, 2]],
      config: #"""
        {"data_format": "channels_last", "height": 2, "width": 2}
        """#),
    LayerSample(
      "LocallyConnected1D", inputs: [[nil, 5, 2]],
      config: #"""
        {"filters": 2, "kernel_size": [2], "strides": [1], "padding": "valid",
        "data_format": "channels_last", "activation": "linear", "use_bias": true,
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null}, "registered_name": null}, "bias_initializer": {"module": "keras.initializers",
        "class_name": "Zeros", "config": {}, "registered_name": null}, "kernel_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null,
        "bias_constraint": null, "implementation": 1}
        """#),
    LayerSample(
      "LocallyConnected2D", inputs: [[nil, 3, 4, 2]],
      config: #"""
        {"filters": 2, "kernel_size": [2, 2], "strides": [1, 1], "padding": "valid",
        "data_format": "channels_last", "activation": "linear", "use_bias": true,
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null}, "registered_name": null}, "bias_initializer": {"module": "keras.initializers",
        "class_name": "Zeros", "config": {}, "registered_name": null}, "kernel_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null,
        "bias_constraint": null, "implementation": 1}
        """#),
  ]
}
