import KerasCore

/// Configs that Keras 3.15.1 wrote, without name, trainable and dtype.
extension LayerSample {
  static let preprocessing: [LayerSample] = [
    LayerSample(
      "ContrastLimitedAdaptiveHistogramEqualization", inputs: [[nil, 7, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "value_range": [0, 255], "clip_limit": 4.0, "tile_grid_size": [2, 2]}
        """#),
    LayerSample(
      "Pipeline", inputs: [[nil, 6, 5, 2]],
      config: #"""
        {"layers": [
        {"class_name": "Rescaling", "config": {"name": "rescaling", "scale": 2.0, "offset": 1.0}},
        {"class_name": "Normalization", "config": {"name": "normalization", "axis": [-1], "invert": false, "mean": null,
        "variance": null}},
        {"class_name": "CenterCrop", "config": {"name": "center_crop", "data_format": "channels_last", "height": 4,
        "width": 4}}]}
        """#),
    LayerSample(
      "STFTSpectrogram", inputs: [[nil, 19, 2]],
      config: #"""
        {"mode": "log", "frame_length": 4, "frame_step": 3, "fft_length": 4, "window": "hann", "periodic": false,
        "scaling": "density", "padding": "valid", "data_format": "channels_last", "expand_dims": false}
        """#),
    LayerSample(
      "MelSpectrogram", inputs: [[nil, 12]],
      config: #"""
        {"fft_length": 8, "sequence_stride": 4, "sequence_length": 8, "window": "hann", "sampling_rate": 8000,
        "num_mel_bins": 3, "min_freq": 20.0, "max_freq": 4000, "power_to_db": true, "top_db": 80.0, "mag_exp": 2.0,
        "min_power": 1e-10, "ref_power": 1.0}
        """#),
    LayerSample(
      "AutoContrast", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "value_range": [0, 255]}
        """#),
    LayerSample(
      "MaxNumBoundingBoxes", inputs: [[nil, 8, 8, 3]],
      config: #"""
        {"data_format": "channels_last", "max_number": 4}
        """#),
    LayerSample(
      "Hashing", inputs: [[nil, 3]],
      config: #"""
        {"num_bins": 10, "salt": [133, 133], "mask_value": 5, "output_mode": "int", "sparse": false}
        """#),
    LayerSample(
      "HashedCrossing", inputs: [[nil, 1], [nil, 1]], dtype: .string,
      config: #"""
        {"num_bins": 10, "output_mode": "one_hot", "sparse": false}
        """#),
    LayerSample(
      "CategoryCrossing", inputs: [[nil, 1], [nil, 2]], dtype: .string,
      config: #"""
        {"depth": [1, 2], "separator": "-"}
        """#),
    LayerSample(
      "IntegerLookup", inputs: [[nil, 3]],
      config: #"""
        {"invert": false, "max_tokens": null, "num_oov_indices": 2, "oov_token": -1, "mask_token": null,
        "output_mode": "multi_hot", "sparse": false, "pad_to_max_tokens": false, "vocabulary_dtype": "int64",
        "idf_weights": null, "vocabulary": [5, 7, 12, 9], "vocabulary_size": 6, "oov_method": "floormod",
        "salt": null}
        """#),
    LayerSample(
      "TextVectorization", inputs: [[nil, 1]], dtype: .string,
      config: #"""
        {"max_tokens": null, "standardize": "lower_and_strip_punctuation", "split": "whitespace", "ngrams": null,
        "output_mode": "tf_idf", "output_sequence_length": null, "pad_to_max_tokens": false, "sparse": false,
        "ragged": false, "vocabulary": ["0", "a"], "idf_weights": null, "encoding": "utf-8", "vocabulary_size": 3}
        """#),
    LayerSample(
      "StringLookup", inputs: [[nil, 3]], dtype: .string,
      config: #"""
        {"invert": false, "max_tokens": null, "num_oov_indices": 1, "oov_token": "[UNK]", "mask_token": "",
        "output_mode": "int", "sparse": false, "pad_to_max_tokens": false, "vocabulary_dtype": "string",
        "idf_weights": null, "vocabulary": ["a", "0"], "vocabulary_size": 4, "encoding": "utf-8",
        "oov_method": "floormod", "salt": null}
        """#),
  ]
}
