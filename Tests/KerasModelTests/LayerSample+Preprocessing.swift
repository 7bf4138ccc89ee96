/// Configs that Keras 3.15.1 wrote, without name, trainable and dtype.
extension LayerSample {
  static let preprocessing: [LayerSample] = [
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
  ]
}
