import KerasCore

/// Configs that Keras 3.15.1 wrote (removed classes: by hand), without name, trainable and dtype.
extension LayerSample {
  static let second: [LayerSample] = [
    LayerSample(
      "Dropout", inputs: [[nil, 4]],
      config: #"""
        {"rate": 0.4, "seed": null, "noise_shape": null}
        """#),
    LayerSample(
      "ELU", inputs: [[nil, 4]],
      config: #"""
        {"alpha": 1.0}
        """#),
    LayerSample(
      "Embedding", inputs: [[nil, 6]],
      config: #"""
        {"input_dim": 8, "output_dim": 3, "embeddings_initializer": {"module": "keras.initializers",
        "class_name": "RandomUniform", "config": {"seed": null, "minval": -0.05, "maxval": 0.05},
        "registered_name": null}, "embeddings_regularizer": null, "activity_regularizer": null,
        "embeddings_constraint": null, "mask_zero": true}
        """#),
    LayerSample(
      "ReversibleEmbedding", inputs: [[nil, 6]],
      config: #"""
        {"input_dim": 8, "output_dim": 3, "embeddings_initializer": {"module": "keras.initializers",
        "class_name": "RandomUniform", "config": {"seed": null, "minval": -0.05, "maxval": 0.05},
        "registered_name": null}, "embeddings_regularizer": null, "activity_regularizer": null,
        "embeddings_constraint": null, "mask_zero": true, "tie_weights": true, "reverse_dtype": null,
        "logit_soft_cap": null}
        """#),
    LayerSample(
      "Flatten", inputs: [[nil, 4, 3]],
      config: #"""
        {"data_format": "channels_last"}
        """#),
    LayerSample(
      "GRU", inputs: [[nil, 4, 3]],
      config: #"""
        {"return_sequences": true, "return_state": false, "go_backwards": false, "stateful": false,
        "unroll": false, "zero_output_for_mask": true, "units": 3, "activation": "tanh",
        "recurrent_activation": "sigmoid", "use_bias": true,
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "recurrent_initializer": {"module": "keras.initializers", "class_name": "Orthogonal",
        "config": {"seed": null, "gain": 1.0}, "registered_name": null},
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "kernel_regularizer": null, "recurrent_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null,
        "recurrent_constraint": null, "bias_constraint": null, "dropout": 0.0, "recurrent_dropout": 0.0,
        "reset_after": true, "seed": null}
        """#),
    LayerSample(
      "GaussianDropout", inputs: [[nil, 4]],
      config: #"""
        {"rate": 0.25, "seed": 3}
        """#),
    LayerSample(
      "GaussianNoise", inputs: [[nil, 4]],
      config: #"""
        {"stddev": 0.3, "seed": null}
        """#),
    LayerSample(
      "GlobalAveragePooling1D", inputs: [[nil, 6, 2]],
      config: #"""
        {"data_format": "channels_last", "keepdims": false}
        """#),
    LayerSample(
      "GlobalAveragePooling2D", inputs: [[nil, 6, 5, 2]],
      config: #"""
        {"data_format": "channels_last", "keepdims": false}
        """#),
    LayerSample(
      "GlobalAveragePooling3D", inputs: [[nil, 3, 3, 4, 2]],
      config: #"""
        {"data_format": "channels_last", "keepdims": false}
        """#),
    LayerSample(
      "GlobalMaxPooling1D", inputs: [[nil, 6, 2]],
      config: #"""
        {"data_format": "channels_last", "keepdims": false}
        """#),
    LayerSample(
      "GlobalMaxPooling2D", inputs: [[nil, 6, 5, 2]],
      config: #"""
        {"data_format": "channels_last", "keepdims": false}
        """#),
    LayerSample(
      "GlobalMaxPooling3D", inputs: [[nil, 3, 3, 4, 2]],
      config: #"""
        {"data_format": "channels_last", "keepdims": false}
        """#),
    LayerSample(
      "Identity", inputs: [[nil, 4]],
      config: #"""
        {}
        """#),
    LayerSample(
      "InputLayer", inputs: [[nil, 4]],
      config: #"""
        {"batch_shape": [null, 4], "sparse": false, "ragged": false, "optional": false}
        """#),
    LayerSample(
      "LSTM", inputs: [[nil, 4, 3]],
      config: #"""
        {"return_sequences": true, "return_state": false, "go_backwards": false, "stateful": false,
        "unroll": false, "zero_output_for_mask": true, "units": 3, "activation": "tanh",
        "recurrent_activation": "sigmoid", "use_bias": true,
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null, "input_axes": null, "output_axes": null}, "registered_name": null},
        "recurrent_initializer": {"module": "keras.initializers", "class_name": "Orthogonal",
        "config": {"seed": null, "gain": 1.0}, "registered_name": null},
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "unit_forget_bias": true, "kernel_regularizer": null,
        "recurrent_regularizer": null, "bias_regularizer": null, "activity_regularizer": null,
        "kernel_constraint": null, "recurrent_constraint": null, "bias_constraint": null, "dropout": 0.0,
        "recurrent_dropout": 0.0, "seed": null}
        """#),
    LayerSample(
      "LayerNormalization", inputs: [[nil, 3, 4]],
      config: #"""
        {"axis": [-1], "epsilon": 0.001, "center": true, "scale": true, "rms_scaling": false,
        "beta_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "gamma_initializer": {"module": "keras.initializers",
        "class_name": "Ones", "config": {}, "registered_name": null}, "beta_regularizer": null,
        "gamma_regularizer": null, "beta_constraint": null, "gamma_constraint": null}
        """#),
    LayerSample(
      "LeakyReLU", inputs: [[nil, 4]],
      config: #"""
        {"negative_slope": 0.3}
        """#),
    LayerSample(
      "Masking", inputs: [[nil, 3, 4]],
      config: #"""
        {"mask_value": 0.0}
        """#),
    LayerSample(
      "MaxPooling1D", inputs: [[nil, 6, 2]],
      config: #"""
        {"pool_size": [2], "padding": "valid", "strides": [2], "data_format": "channels_last"}
        """#),
    LayerSample(
      "MaxPooling2D", inputs: [[nil, 6, 5, 2]],
      config: #"""
        {"pool_size": [2, 2], "padding": "valid", "strides": [2, 2], "data_format": "channels_last"}
        """#),
    LayerSample(
      "MaxPooling3D", inputs: [[nil, 6, 5, 4, 2]],
      config: #"""
        {"pool_size": [2, 2, 2], "padding": "valid", "strides": [2, 2, 2], "data_format": "channels_last"}
        """#),
    LayerSample(
      "Maximum", inputs: [[nil, 3, 4], [nil, 3, 4]],
      config: #"""
        {}
        """#),
    LayerSample(
      "keraskit>MergeCos", inputs: [[nil, 4], [nil, 4]],
      config: #"""
        {"axes": [1, 1], "extra_axis": true}
        """#),
  ]
}
