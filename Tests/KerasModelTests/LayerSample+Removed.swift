/// Layers of Keras 0 and tf.keras that Keras 3 does not have, by hand in canonical terms.
extension LayerSample {
  static let removed: [LayerSample] = [
    LayerSample("LRN2D", inputs: [[nil, 4, 3, 2]], config: #"{"alpha": 0.1, "k": 2.0, "beta": 0.75, "n": 3}"#),
    LayerSample("TimeDistributedMerge", inputs: [[nil, 3, 2]], config: #"{"mode": "ave"}"#),
    LayerSample(
      "WordContextProduct", inputs: [[nil, 2]],
      config: #"{"input_dim": 5, "proj_dim": 3, "kernel_initializer": null, "activation": "sigmoid"}"#),
    LayerSample(
      "RandomFourierFeatures", inputs: [[nil, 3]],
      config: #"{"output_dim": 4, "kernel_initializer": "gaussian", "scale": 2.0}"#),
    evolved("JZS1"), evolved("JZS2"), evolved("JZS3"),
    LayerSample(
      "SimpleDeepRNN", inputs: [[nil, 4, 2]],
      config: #"""
        {"units": 3, "depth": 2, "activation": "tanh", "recurrent_activation": "keraskit>hard_sigmoid",
        "kernel_initializer": null, "recurrent_initializer": null, "return_sequences": true}
        """#),
    LayerSample(
      "AutoEncoder", inputs: [[nil, 3]],
      config: #"""
        {"encoder": {"class_name": "Sequential", "config": {"name": "encoder", "layers": [
        {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [null, 3], "dtype": "float32"}},
        {"class_name": "Dense", "config": {"name": "dense", "units": 2}}]}},
        "decoder": {"class_name": "Sequential", "config": {"name": "decoder", "layers": [
        {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [null, 2], "dtype": "float32"}},
        {"class_name": "Dense", "config": {"name": "dense", "units": 3}}]}},
        "output_reconstruction": true}
        """#),
  ]

  private static func evolved(_ className: String) -> LayerSample {
    LayerSample(
      className, inputs: [[nil, 3, 2]],
      config: #"""
        {"units": 4, "activation": "tanh", "recurrent_activation": "sigmoid", "kernel_initializer": null,
        "recurrent_initializer": null, "return_sequences": false}
        """#)
  }
}
