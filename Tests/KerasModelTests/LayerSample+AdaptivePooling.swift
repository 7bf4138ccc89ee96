import KerasCore

/// Adaptive poolings as Keras 3.15.1 wrote them, without name, trainable and dtype.
extension LayerSample {
  static let adaptivePooling: [LayerSample] = [
    LayerSample(
      "AdaptiveAveragePooling1D", inputs: [[nil, 7, 2]],
      config: #"""
        {"output_size": [5], "data_format": "channels_last"}
        """#),
    LayerSample(
      "AdaptiveMaxPooling1D", inputs: [[nil, 7, 2]],
      config: #"""
        {"output_size": [5], "data_format": "channels_last"}
        """#),
    LayerSample(
      "AdaptiveAveragePooling2D", inputs: [[nil, 5, 7, 2]],
      config: #"""
        {"output_size": [3, 4], "data_format": "channels_last"}
        """#),
    LayerSample(
      "AdaptiveMaxPooling2D", inputs: [[nil, 5, 7, 2]],
      config: #"""
        {"output_size": [3, 4], "data_format": "channels_last"}
        """#),
    LayerSample(
      "AdaptiveAveragePooling3D", inputs: [[nil, 5, 4, 3, 2]],
      config: #"""
        {"output_size": [3, 2, 2], "data_format": "channels_last"}
        """#),
    LayerSample(
      "AdaptiveMaxPooling3D", inputs: [[nil, 5, 4, 3, 2]],
      config: #"""
        {"output_size": [3, 2, 2], "data_format": "channels_last"}
        """#),
  ]
}
