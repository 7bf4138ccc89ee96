import KerasCore

/// Fields that layers have only since Keras 3: left out where they change no result, else refused.
enum NewFields: LayerRewrite {
  /// Fields that a value other than these gives another meaning; `nil` values stand for a field that is absent.
  private static let harmless: [String: [JSON]] = [
    "rms_scaling": [false], "use_gate": [false], "sliding_window": [nil], "pad_to_aspect_ratio": [false],
    "antialias": [false], "quantization_config": [nil], "oov_method": [nil, "floormod"],
  ]
  private static let channelsLastOnly: Set<String> = [
    "CenterCrop", "RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip", "RandomHeight", "RandomRotation",
    "RandomTranslation", "RandomWidth", "RandomZoom", "Resizing",
  ]
  private static let seedless: Set<String> = [
    "AdditiveAttention", "Attention", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "GRUCell", "LSTM", "LSTMCell",
    "MultiHeadAttention", "SimpleRNN", "SimpleRNNCell",
  ]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard chain.layer.module == "keras.layers" else { return }
    for (field, allowed) in harmless.sorted(by: { $0.key < $1.key }) {
      guard let value = chain.layer.fields.removeValue(forKey: field), !allowed.contains(value) else { continue }
      throw context.refusal(
        "the field '\(field)' of \(chain.layer.className), \(value.text()),",
        "\(context.target.name) does not have it")
    }
    for field in [
      "lora_rank", "lora_alpha", "gptq_unpacked_column_size", "use_cudnn", "flash_attention", "bounding_box_format",
      "autocast",
    ] { chain.layer.fields[field] = nil }
    let className = chain.layer.className
    if seedless.contains(className) { chain.layer.fields["seed"] = nil }
    if ["IntegerLookup", "StringLookup"].contains(className), let salt = chain.layer.fields.removeValue(forKey: "salt"),
      !salt.isNull
    {
      throw context.refusal("\(className) with a salt", "\(context.target.name) hashes without one")
    }
    if className == "Resizing" {
      for field in ["fill_mode", "fill_value"] { chain.layer.fields[field] = nil }
    }
    if className == "RandomContrast", let range = chain.layer.fields.removeValue(forKey: "value_range"),
      range != [0, 255], range != [0.0, 255.0]
    {
      context.note(.lost, "in training contrasted pixels were cut at \(range.text()), tf.keras 2.15 cuts at 0 and 255")
    }
    if channelsLastOnly.contains(className), let format = chain.layer.fields.removeValue(forKey: "data_format"),
      format == "channels_first"
    {
      throw context.refusal(
        "\(className) with channels_first", "\(context.target.name) takes its input channels last only")
    }
    if className == "Embedding" || className == "Identity", chain.layer.fields["sparse"] == false {
      chain.layer.fields["sparse"] = nil
    }
  }
}
