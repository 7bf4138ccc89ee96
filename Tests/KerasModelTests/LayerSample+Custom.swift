extension LayerSample {
  /// Layers of custom classes, in this program's own terms.
  static let custom: [LayerSample] = [
    // x / 127.5 - 1.0, as Python 3.11 compiled it.
    LayerSample(
      "Lambda", inputs: [[nil, 5]],
      config: #"""
        {"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAAAAAAAAIAAAADAAAA8xIAAACXAHwAZAF6CwAAZAJ6CgAAUwApA05nAAAAAADgX0BnAAAAAAAA8D+pACkB2gF\#
        4cwEAAAAg+gg8c3RyaW5nPvoIPGxhbWJkYT5yBQAAAAEAAABzDgAAAIAAiCGIZYkpkGOJL4AA8wAAAAA=", "defaults": null, "closure": null}}, "arguments": {}}
        """#),
    LayerSample(
      "keraskit>WeightNormalization", inputs: [[nil, 5]],
      config: #"""
        {"layer": {"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "linear",
        "use_bias": true}}, "data_init": true}
        """#),
    LayerSample(
      "keraskit>Quantized", inputs: [[nil, 5]],
      config: #"""
        {"layer": {"class_name": "Dense", "config": {"name": "d", "units": 3, "activation": "linear",
        "use_bias": true}}, "quantizers": {"kernel": "quantized_bits(4,0,alpha=1)", "bias": {"class_name":
        "quantized_po2", "config": {"bits": 4}}}, "activation_quantizer": "quantized_relu(6,2)"}
        """#),
    LayerSample(
      "keraskit>Quantizer", inputs: [[nil, 5]],
      config: #"""
        {"quantizer": "quantized_tanh(5)"}
        """#),
  ]
}
