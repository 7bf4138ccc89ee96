import KerasCore

/// Configs that Keras 3.15.1 wrote (removed classes: by hand), without name, trainable and dtype.
extension LayerSample {
  static let third: [LayerSample] = [
    LayerSample(
      "Minimum", inputs: [[nil, 3, 4], [nil, 3, 4]],
      config: #"""
        {}
        """#),
    LayerSample(
      "Multiply", inputs: [[nil, 3, 4], [nil, 3, 4]],
      config: #"""
        {}
        """#),
    LayerSample(
      "PReLU", inputs: [[nil, 4, 3, 2]],
      config: #"""
        {"alpha_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "alpha_regularizer": null, "alpha_constraint": null, "shared_axes": [1,
        2]}
        """#),
    LayerSample(
      "Permute", inputs: [[nil, 4, 6]],
      config: #"""
        {"dims": [2, 1]}
        """#),
    LayerSample(
      "ReLU", inputs: [[nil, 4]],
      config: #"""
        {"max_value": 0.5, "negative_slope": 0.1, "threshold": 0.05}
        """#),
    LayerSample(
      "RepeatVector", inputs: [[nil, 4]],
      config: #"""
        {"n": 3}
        """#),
    LayerSample(
      "Rescaling", inputs: [[nil, 4, 4, 3]],
      config: #"""
        {"scale": 0.00784313725490196, "offset": -1.0}
        """#),
    LayerSample(
      "Reshape", inputs: [[nil, 6]],
      config: #"""
        {"target_shape": [-1, 3]}
        """#),
    LayerSample(
      "SeparableConv1D", inputs: [[nil, 7, 3]],
      config: #"""
        {"depth_multiplier": 2, "filters": 4, "kernel_size": [3], "strides": [1], "padding": "valid",
        "data_format": "channels_last", "dilation_rate": [1], "activation": "linear", "use_bias": true,
        "depthwise_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "pointwise_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "depthwise_regularizer": null, "pointwise_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "depthwise_constraint": null,
        "pointwise_constraint": null, "bias_constraint": null}
        """#),
    LayerSample(
      "SeparableConv2D", inputs: [[nil, 6, 5, 2]],
      config: #"""
        {"depth_multiplier": 2, "filters": 4, "kernel_size": [3, 3], "strides": [1, 1], "padding": "same",
        "data_format": "channels_last", "dilation_rate": [1, 1], "activation": "linear", "use_bias": true,
        "depthwise_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "pointwise_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "depthwise_regularizer": null, "pointwise_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "depthwise_constraint": null,
        "pointwise_constraint": null, "bias_constraint": null}
        """#),
    LayerSample(
      "SimpleRNN", inputs: [[nil, 4, 6]],
      config: #"""
        {"return_sequences": false, "return_state": false, "go_backwards": false, "stateful": false,
        "unroll": false, "zero_output_for_mask": false, "units": 2, "activation": "tanh", "use_bias": true,
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "recurrent_initializer": {"module": "keras.initializers", "class_name": "Orthogonal",
        "config": {"seed": null, "gain": 1.0}, "registered_name": null},
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "kernel_regularizer": null, "recurrent_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null,
        "recurrent_constraint": null, "bias_constraint": null, "dropout": 0.0, "recurrent_dropout": 0.0}
        """#),
    LayerSample(
      "Softmax", inputs: [[nil, 3, 4]],
      config: #"""
        {"axis": 1}
        """#),
    LayerSample(
      "SpatialDropout1D", inputs: [[nil, 4, 3]],
      config: #"""
        {"rate": 0.25, "seed": 3}
        """#),
    LayerSample(
      "SpatialDropout2D", inputs: [[nil, 4, 3, 2]],
      config: #"""
        {"rate": 0.3, "seed": null, "data_format": "channels_last"}
        """#),
    LayerSample(
      "SpatialDropout3D", inputs: [[nil, 4, 3, 2, 2]],
      config: #"""
        {"rate": 0.25, "seed": 3, "data_format": "channels_last"}
        """#),
    LayerSample(
      "Subtract", inputs: [[nil, 3, 4], [nil, 3, 4]],
      config: #"""
        {}
        """#),
    LayerSample(
      "ThresholdedReLU", inputs: [[nil, 4]],
      config: #"""
        {"theta": 0.5}
        """#),
    LayerSample(
      "TimeDistributed", inputs: [[nil, 2, 3, 3, 2]],
      config: #"""
        {"layer": {"module": "keras.layers", "class_name": "Flatten", "config": {"name": "flatten",
        "trainable": true, "dtype": {"module": "keras", "class_name": "DTypePolicy",
        "config": {"name": "float32"}, "registered_name": null}, "data_format": "channels_last"},
        "registered_name": null, "build_config": {"input_shape": [null, 3, 3, 2]}}}
        """#),
    LayerSample(
      "UpSampling1D", inputs: [[nil, 8, 2]],
      config: #"""
        {"size": 2}
        """#),
    LayerSample(
      "UpSampling2D", inputs: [[nil, 3, 4, 2]],
      config: #"""
        {"size": [2, 3], "data_format": "channels_last", "interpolation": "bilinear"}
        """#),
    LayerSample(
      "UpSampling3D", inputs: [[nil, 4, 4, 5, 1]],
      config: #"""
        {"size": [2, 2, 2], "data_format": "channels_last"}
        """#),
    LayerSample(
      "keraskit>Expression", inputs: [[nil, 3, 4], [nil, 3, 4]],
      config: #"""
        {"expression": "K.concatenate([a * 2 - b, K.square(x[0])], axis=-1)[:, 1:]"}
        """#),
    LayerSample(
      "keraskit>Scale", inputs: [[nil, 3, 4]],
      config: #"""
        {"axis": -1}
        """#),
    LayerSample(
      "keraskit>L2Normalization", inputs: [[nil, 3, 4, 2]],
      config: #"""
        {}
        """#),
    LayerSample(
      "keraskit>InstanceNormalization", inputs: [[nil, 3, 4, 2]],
      config: #"""
        {"axis": 3, "epsilon": 0.001, "center": true, "scale": true, "beta_initializer": null,
         "gamma_initializer": null, "beta_regularizer": null, "gamma_regularizer": null, "beta_constraint": null,
         "gamma_constraint": null}
        """#),
    LayerSample(
      "ZeroPadding1D", inputs: [[nil, 4, 2]],
      config: #"""
        {"padding": [2, 2], "data_format": "channels_last"}
        """#),
    LayerSample(
      "ZeroPadding2D", inputs: [[nil, 3, 4, 2]],
      config: #"""
        {"padding": [[1, 0], [2, 3]], "data_format": "channels_last"}
        """#),
    LayerSample(
      "ZeroPadding3D", inputs: [[nil, 2, 2, 3, 1]],
      config: #"""
        {"padding": [[1, 1], [1, 1], [1, 1]], "data_format": "channels_last"}
        """#),
  ]
}
