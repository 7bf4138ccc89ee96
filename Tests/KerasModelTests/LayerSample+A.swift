import KerasCore

/// Configs that Keras 3.15.1 wrote (removed classes: by hand), without name, trainable and dtype.
extension LayerSample {
  static let first: [LayerSample] = [
    LayerSample(
      "Activation", inputs: [[nil, 3, 4]],
      config: #"""
        {"activation": "relu"}
        """#),
    LayerSample(
      "ActivityRegularization", inputs: [[nil, 4]],
      config: #"""
        {"l1": 0.01, "l2": 0.02}
        """#),
    LayerSample(
      "Add", inputs: [[nil, 3, 4], [nil, 1, 4]],
      config: #"""
        {}
        """#),
    LayerSample(
      "AlphaDropout", inputs: [[nil, 4]],
      config: #"""
        {"rate": 0.25, "seed": 3, "noise_shape": null}
        """#),
    LayerSample(
      "Average", inputs: [[nil, 3, 4], [nil, 3, 4]],
      config: #"""
        {}
        """#),
    LayerSample(
      "AveragePooling1D", inputs: [[nil, 6, 2]],
      config: #"""
        {"pool_size": [2], "padding": "valid", "strides": [2], "data_format": "channels_last"}
        """#),
    LayerSample(
      "AveragePooling2D", inputs: [[nil, 6, 5, 2]],
      config: #"""
        {"pool_size": [3, 2], "padding": "same", "strides": [2, 2], "data_format": "channels_last"}
        """#),
    LayerSample(
      "AveragePooling3D", inputs: [[nil, 6, 5, 4, 2]],
      config: #"""
        {"pool_size": [2, 2, 2], "padding": "valid", "strides": [2, 2, 2], "data_format": "channels_last"}
        """#),
    LayerSample(
      "BatchNormalization", inputs: [[nil, 5]],
      config: #"""
        {"axis": -1, "momentum": 0.7, "epsilon": 0.01, "center": true, "scale": true,
        "beta_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "gamma_initializer": {"module": "keras.initializers",
        "class_name": "Ones", "config": {}, "registered_name": null},
        "moving_mean_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "moving_variance_initializer": {"module": "keras.initializers",
        "class_name": "Ones", "config": {}, "registered_name": null}, "beta_regularizer": null,
        "gamma_regularizer": null, "beta_constraint": null, "gamma_constraint": null, "synchronized": false}
        """#),
    LayerSample(
      "Bidirectional", inputs: [[nil, 4, 6]],
      config: #"""
        {"merge_mode": "concat", "layer": {"module": "keras.layers", "class_name": "SimpleRNN",
        "config": {"name": "forward_simple_rnn", "trainable": true, "dtype": {"module": "keras",
        "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null},
        "return_sequences": false, "return_state": false, "go_backwards": false, "stateful": false,
        "unroll": false, "zero_output_for_mask": false, "units": 2, "activation": "tanh", "use_bias": true,
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "recurrent_initializer": {"module": "keras.initializers", "class_name": "Orthogonal",
        "config": {"seed": null, "gain": 1.0}, "registered_name": null},
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "kernel_regularizer": null, "recurrent_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null,
        "recurrent_constraint": null, "bias_constraint": null, "dropout": 0.0, "recurrent_dropout": 0.0},
        "registered_name": null, "build_config": {"input_shape": [null, 4, 6]}},
        "backward_layer": {"module": "keras.layers", "class_name": "SimpleRNN",
        "config": {"name": "backward_simple_rnn", "trainable": true, "dtype": {"module": "keras",
        "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null},
        "return_sequences": false, "return_state": false, "go_backwards": true, "stateful": false,
        "unroll": false, "zero_output_for_mask": false, "units": 2, "activation": "tanh", "use_bias": true,
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "recurrent_initializer": {"module": "keras.initializers", "class_name": "Orthogonal",
        "config": {"seed": null, "gain": 1.0}, "registered_name": null},
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "kernel_regularizer": null, "recurrent_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null,
        "recurrent_constraint": null, "bias_constraint": null, "dropout": 0.0, "recurrent_dropout": 0.0},
        "registered_name": null, "build_config": {"input_shape": [null, 4, 6]}}}
        """#),
    LayerSample(
      "Concatenate", inputs: [[nil, 3, 4], [nil, 3, 4]],
      config: #"""
        {"axis": 1}
        """#),
    LayerSample(
      "Conv1D", inputs: [[nil, 7, 3]],
      config: #"""
        {"filters": 4, "kernel_size": [3], "strides": [1], "padding": "valid",
        "data_format": "channels_last", "dilation_rate": [1], "groups": 1, "activation": "tanh",
        "use_bias": true, "kernel_initializer": {"module": "keras.initializers",
        "class_name": "GlorotUniform", "config": {"seed": null, "input_axes": null, "output_axes": null},
        "registered_name": null}, "bias_initializer": {"module": "keras.initializers",
        "class_name": "Zeros", "config": {}, "registered_name": null}, "kernel_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null,
        "bias_constraint": null}
        """#),
    LayerSample(
      "Conv1DTranspose", inputs: [[nil, 4, 2]],
      config: #"""
        {"filters": 3, "kernel_size": [3], "strides": [2], "padding": "same", "output_padding": null,
        "data_format": "channels_last", "dilation_rate": [1], "activation": "linear", "use_bias": true,
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "kernel_regularizer": null, "bias_regularizer": null,
        "activity_regularizer": null, "kernel_constraint": null, "bias_constraint": null}
        """#),
    LayerSample(
      "Conv2D", inputs: [[nil, 4, 4, 2]],
      config: #"""
        {"filters": 2, "kernel_size": [3, 3], "strides": [1, 1], "padding": "same",
        "data_format": "channels_last", "dilation_rate": [1, 1], "groups": 1, "activation": "relu",
        "use_bias": true, "kernel_initializer": {"module": "keras.initializers",
        "class_name": "GlorotUniform", "config": {"seed": null, "input_axes": null, "output_axes": null},
        "registered_name": null}, "bias_initializer": {"module": "keras.initializers",
        "class_name": "Zeros", "config": {}, "registered_name": null}, "kernel_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null,
        "bias_constraint": null}
        """#),
    LayerSample(
      "Conv2DTranspose", inputs: [[nil, 3, 4, 2]],
      config: #"""
        {"filters": 3, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same", "output_padding": null,
        "data_format": "channels_last", "dilation_rate": [1, 1], "activation": "linear", "use_bias": true,
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "kernel_regularizer": null, "bias_regularizer": null,
        "activity_regularizer": null, "kernel_constraint": null, "bias_constraint": null}
        """#),
    LayerSample(
      "Conv3D", inputs: [[nil, 4, 4, 3, 1]],
      config: #"""
        {"filters": 2, "kernel_size": [2, 2, 2], "strides": [2, 2, 2], "padding": "same",
        "data_format": "channels_last", "dilation_rate": [1, 1, 1], "groups": 1, "activation": "linear",
        "use_bias": true, "kernel_initializer": {"module": "keras.initializers",
        "class_name": "GlorotUniform", "config": {"seed": null, "input_axes": null, "output_axes": null},
        "registered_name": null}, "bias_initializer": {"module": "keras.initializers",
        "class_name": "Zeros", "config": {}, "registered_name": null}, "kernel_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null,
        "bias_constraint": null}
        """#),
    LayerSample(
      "Conv3DTranspose", inputs: [[nil, 2, 3, 2, 2]],
      config: #"""
        {"filters": 2, "kernel_size": [2, 2, 2], "strides": [2, 1, 2], "padding": "valid",
        "output_padding": null, "data_format": "channels_last", "dilation_rate": [1, 1, 1],
        "activation": "linear", "use_bias": true, "kernel_initializer": {"module": "keras.initializers",
        "class_name": "GlorotUniform", "config": {"seed": null, "input_axes": null, "output_axes": null},
        "registered_name": null}, "bias_initializer": {"module": "keras.initializers",
        "class_name": "Zeros", "config": {}, "registered_name": null}, "kernel_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null,
        "bias_constraint": null}
        """#),
    LayerSample(
      "Cropping1D", inputs: [[nil, 16, 2]],
      config: #"""
        {"cropping": [1, 2]}
        """#),
    LayerSample(
      "Cropping2D", inputs: [[nil, 12, 16, 2]],
      config: #"""
        {"cropping": [[1, 0], [2, 1]], "data_format": "channels_last"}
        """#),
    LayerSample(
      "Cropping3D", inputs: [[nil, 8, 8, 10, 1]],
      config: #"""
        {"cropping": [[1, 1], [1, 0], [0, 1]], "data_format": "channels_last"}
        """#),
    LayerSample(
      "Dense", inputs: [[nil, 5]],
      config: #"""
        {"units": 4, "activation": "elu", "use_bias": true,
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "kernel_regularizer": null, "bias_regularizer": null,
        "kernel_constraint": null, "bias_constraint": null}
        """#),
    LayerSample(
      "DepthwiseConv1D", inputs: [[nil, 7, 3]],
      config: #"""
        {"depth_multiplier": 2, "kernel_size": [3], "strides": [1], "padding": "valid",
        "data_format": "channels_last", "dilation_rate": [1], "activation": "linear", "use_bias": true,
        "depthwise_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "depthwise_regularizer": null, "bias_regularizer": null,
        "activity_regularizer": null, "depthwise_constraint": null, "bias_constraint": null}
        """#),
    LayerSample(
      "DepthwiseConv2D", inputs: [[nil, 5, 4, 3]],
      config: #"""
        {"depth_multiplier": 2, "kernel_size": [3, 2], "strides": [1, 1], "padding": "same",
        "data_format": "channels_last", "dilation_rate": [1, 1], "activation": "linear", "use_bias": true,
        "depthwise_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "depthwise_regularizer": null, "bias_regularizer": null,
        "activity_regularizer": null, "depthwise_constraint": null, "bias_constraint": null}
        """#),
    LayerSample(
      "Dot", inputs: [[nil, 4], [nil, 4]],
      config: #"""
        {"axes": 1, "normalize": true}
        """#),
  ]
}
