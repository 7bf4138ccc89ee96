import KerasCore

/// Configs that Keras 3.15.1 wrote (removed classes: by hand), without name, trainable and dtype.
extension LayerSample {
  static let attentionAndLegacy: [LayerSample] = [
    LayerSample(
      "AdditiveAttention", inputs: [[nil, 4, 3], [nil, 5, 3]],
      config: #"""
        {"use_scale": true, "dropout": 0.0, "seed": null}
        """#),
    LayerSample(
      "Attention", inputs: [[nil, 4, 3], [nil, 5, 3]],
      config: #"""
        {"use_scale": true, "score_mode": "concat", "dropout": 0.0, "seed": null}
        """#),
    LayerSample(
      "CategoryEncoding", inputs: [[nil, 3]],
      config: #"""
        {"num_tokens": 5, "output_mode": "count"}
        """#),
    LayerSample(
      "Discretization", inputs: [[nil, 3]],
      config: #"""
        {"bin_boundaries": [-0.25, 0.0, 0.5], "num_bins": null, "epsilon": 0.01, "output_mode": "int", "sparse":
        false}
        """#),
    LayerSample(
      "EinsumDense", inputs: [[nil, 3, 4]],
      config: #"""
        {"output_shape": [null, 2, 3], "equation": "abc,cde->abde", "activation": "relu", "bias_axes": "de",
        "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed":
        null, "input_axes": null, "output_axes": null}, "registered_name": null}, "bias_initializer": {"module":
        "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": null},
        "kernel_regularizer": null, "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint":
        null, "bias_constraint": null}
        """#),
    LayerSample(
      "GroupNormalization", inputs: [[nil, 4, 2, 6]],
      config: #"""
        {"groups": 3, "axis": -1, "epsilon": 0.01, "center": true, "scale": true, "beta_initializer": {"module":
        "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": null},
        "gamma_initializer": {"module": "keras.initializers", "class_name": "Ones", "config": {},
        "registered_name": null}, "beta_regularizer": null, "gamma_regularizer": null, "beta_constraint": null,
        "gamma_constraint": null}
        """#),
    LayerSample(
      "GroupQueryAttention", inputs: [[nil, 4, 6], [nil, 5, 6]],
      config: #"""
        {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2, "use_bias": true, "use_gate": true,
        "sliding_window": 2, "dropout": 0.0, "kernel_initializer": {"module": "keras.initializers",
        "class_name": "GlorotUniform", "config": {"seed": null, "input_axes": null, "output_axes": null},
        "registered_name": null}, "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros",
        "config": {}, "registered_name": null}, "kernel_regularizer": null, "bias_regularizer": null,
        "activity_regularizer": null, "kernel_constraint": null, "bias_constraint": null, "seed": null}
        """#),
    LayerSample(
      "MultiHeadAttention", inputs: [[nil, 4, 6], [nil, 5, 4]],
      config: #"""
        {"num_heads": 2, "key_dim": 3, "value_dim": 2, "dropout": 0.25, "use_bias": true, "use_gate": false,
        "output_shape": [7], "attention_axes": [1], "sliding_window": null, "kernel_initializer": {"module":
        "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": null, "input_axes": null,
        "output_axes": null}, "registered_name": null}, "bias_initializer": {"module": "keras.initializers",
        "class_name": "Zeros", "config": {}, "registered_name": null}, "kernel_regularizer": null,
        "bias_regularizer": null, "activity_regularizer": null, "kernel_constraint": null, "bias_constraint":
        null, "seed": null}
        """#),
    LayerSample(
      "Normalization", inputs: [[nil, 4, 3]],
      config: #"""
        {"axis": [-1], "invert": false, "mean": null, "variance": null}
        """#),
    LayerSample(
      "RMSNormalization", inputs: [[nil, 3, 4]],
      config: #"""
        {"axis": [-1], "epsilon": 1e-06}
        """#),
    LayerSample(
      "SpectralNormalization", inputs: [[nil, 4]],
      config: #"""
        {"layer": {"module": "keras.layers", "class_name": "Dense", "config": {"name": "dense", "trainable":
        true, "dtype": {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"},
        "registered_name": null}, "units": 3, "activation": "linear", "use_bias": true, "kernel_initializer":
        {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": null, "input_axes":
        null, "output_axes": null}, "registered_name": null}, "bias_initializer": {"module":
        "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": null},
        "kernel_regularizer": null, "bias_regularizer": null, "kernel_constraint": null, "bias_constraint":
        null, "quantization_config": null}, "registered_name": null, "build_config": {"input_shape": [null,
        4]}}, "power_iterations": 2}
        """#),
    LayerSample(
      "UnitNormalization", inputs: [[nil, 3, 4]],
      config: #"""
        {"axis": -1}
        """#),
    LayerSample(
      "Highway", inputs: [[nil, 5]],
      config: #"""
        {"activation": "tanh", "use_bias": true, "kernel_initializer": {"module": "keras.initializers",
        "class_name": "GlorotUniform", "config": {"seed": null}, "registered_name": null}, "kernel_regularizer":
        null, "kernel_constraint": null, "bias_initializer": {"module": "keras.initializers", "class_name":
        "Zeros", "config": {}, "registered_name": null}, "bias_regularizer": null, "bias_constraint": null,
        "activity_regularizer": null}
        """#),
    LayerSample(
      "MaxoutDense", inputs: [[nil, 5]],
      config: #"""
        {"units": 4, "nb_feature": 3, "use_bias": true, "kernel_initializer": {"module": "keras.initializers",
        "class_name": "GlorotUniform", "config": {"seed": null}, "registered_name": null}, "kernel_regularizer":
        null, "kernel_constraint": null, "bias_initializer": {"module": "keras.initializers", "class_name":
        "Zeros", "config": {}, "registered_name": null}, "bias_regularizer": null, "bias_constraint": null,
        "activity_regularizer": null}
        """#),
    LayerSample(
      "ParametricSoftplus", inputs: [[nil, 4]],
      config: #"""
        {"alpha_init": 0.2, "beta_init": 5.0, "shared_axes": null}
        """#),
    LayerSample(
      "SReLU", inputs: [[nil, 3, 4]],
      config: #"""
        {"t_left_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {},
        "registered_name": null}, "a_left_initializer": {"module": "keras.initializers", "class_name":
        "GlorotUniform", "config": {"seed": null}, "registered_name": null}, "t_right_initializer": {"module":
        "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": null}, "registered_name": null},
        "a_right_initializer": {"module": "keras.initializers", "class_name": "Ones", "config": {},
        "registered_name": null}, "shared_axes": [1]}
        """#),
    LayerSample(
      "ThresholdedLinear", inputs: [[nil, 4]],
      config: #"""
        {"theta": 0.5}
        """#),
  ]
}
