import KerasCore

@testable import KerasModel

/// Configs that Keras 3.15.1 (RandomHeight, RandomWidth: 2.15) wrote, without name, trainable and dtype.
extension LayerSample {
  /// Whether the sample's training is judged elsewhere: SpectralNormalization assigns its kernel before each step, so that
  /// its gradient is no slope (recorded in `fixtures/training_modes`), and the sizes of RandomHeight and RandomWidth come
  /// from the trainer (see RandomSizeTests).
  static func isUntrainable(_ sample: LayerSample) -> Bool {
    ["SpectralNormalization", "RandomHeight", "RandomWidth"].contains(sample.className)
  }

  static let augmentation: [LayerSample] = [
    LayerSample(
      "Equalization", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "bins": 256, "value_range": [0, 255]}
        """#),
    LayerSample(
      "AugMix", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "value_range": [0, 255], "num_chains": 3, "chain_depth": 3,
        "factor": [0, 0.3], "alpha": 1.0, "all_ops": true, "interpolation": "bilinear", "seed": null}
        """#),
    LayerSample(
      "CutMix", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [0, 1.0], "seed": null}
        """#),
    LayerSample(
      "MixUp", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "alpha": 0.2, "seed": null}
        """#),
    LayerSample(
      "RandAugment", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "value_range": [0, 255], "num_ops": 2, "factor": [0, 0.5],
        "interpolation": "bilinear", "seed": null}
        """#),
    LayerSample(
      "RandomBrightness", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [-0.5, 0.5], "value_range": [0, 255], "seed": null}
        """#),
    LayerSample(
      "RandomColorDegeneration", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [-0.5, 0.5], "value_range": [0, 255], "seed": null}
        """#),
    LayerSample(
      "RandomColorJitter", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "value_range": [0, 255], "brightness_factor": 0.5,
        "contrast_factor": null, "saturation_factor": null, "hue_factor": 0.2, "seed": null}
        """#),
    LayerSample(
      "RandomContrast", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [0, 0.5], "value_range": [0, 255], "seed": null}
        """#),
    LayerSample(
      "RandomCrop", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "height": 2, "width": 2, "seed": null}
        """#),
    LayerSample(
      "RandomElasticTransform", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [0, 1.0], "scale": [0, 1.0], "interpolation": "bilinear",
        "fill_mode": "reflect", "fill_value": 0.0, "value_range": [0, 255], "seed": null}
        """#),
    LayerSample(
      "RandomErasing", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [0, 1.0], "scale": [0.02, 0.33], "fill_value": null,
        "value_range": [0, 255], "seed": null}
        """#),
    LayerSample(
      "RandomFlip", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "seed": null, "mode": "horizontal"}
        """#),
    LayerSample(
      "RandomGaussianBlur", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [0, 1.0], "kernel_size": [3, 3], "sigma": [0, 1.0],
        "value_range": [0, 255], "seed": null}
        """#),
    LayerSample(
      "RandomGrayscale", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": 0.5}
        """#),
    LayerSample(
      "RandomHeight", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"factor": 0.2, "interpolation": "bilinear", "seed": null}
        """#),
    LayerSample(
      "RandomHue", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [0, 0.4], "value_range": [0, 255], "seed": null}
        """#),
    LayerSample(
      "RandomInvert", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [0, 1.0], "value_range": [0, 255], "seed": null}
        """#),
    LayerSample(
      "RandomPerspective", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [0, 1.0], "scale": 1.0, "interpolation": "bilinear",
        "fill_value": 0.0, "seed": null}
        """#),
    LayerSample(
      "RandomPosterization", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [1, 4], "value_range": [0, 255], "seed": null}
        """#),
    LayerSample(
      "RandomRotation", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [-0.2, 0.2], "fill_mode": "reflect", "fill_value": 0.0,
        "interpolation": "bilinear", "seed": null}
        """#),
    LayerSample(
      "RandomSaturation", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [-0.3, 0.3], "value_range": [0, 255], "seed": null}
        """#),
    LayerSample(
      "RandomSharpness", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "factor": [0, 0.4], "value_range": [0, 255], "seed": null}
        """#),
    LayerSample(
      "RandomShear", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "x_factor": [-0.2, 0.2], "y_factor": [-0.1, 0.1], "fill_mode":
        "reflect", "interpolation": "bilinear", "seed": null, "fill_value": 0.0}
        """#),
    LayerSample(
      "RandomTranslation", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "height_factor": 0.2, "width_factor": 0.1, "fill_mode": "reflect",
        "interpolation": "bilinear", "seed": null, "fill_value": 0.0}
        """#),
    LayerSample(
      "RandomWidth", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"factor": [-0.2, 0.3], "interpolation": "nearest", "seed": 3}
        """#),
    LayerSample(
      "RandomZoom", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "height_factor": 0.2, "width_factor": null, "fill_mode": "reflect",
        "interpolation": "bilinear", "seed": null, "fill_value": 0.0}
        """#),
    LayerSample(
      "Solarization", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "value_range": [0, 255], "addition_factor": [0, 0.0],
        "threshold_factor": [0, 0.3], "seed": null}
        """#),
  ]
}
