import KerasCore
import KerasModel

/// What TensorFlow.js' layers can be: the classes it registers, and their fields that it refuses.
///
/// Read in tfjs-layers 4 (`src/layers`, `activations.ts`, each `serialization.registerClass`). `Tools/interop/tfjs.py` runs
/// what is written in TensorFlow.js 1.3.1 and in its Python loader, which is tf.keras.
enum TFJSLayers {
  static let classes: Set<String> = [
    "InputLayer", "Sequential", "Functional", "Model",
    "ReLU", "PReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Softmax",
    "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose", "SeparableConv2D", "DepthwiseConv2D",
    "Cropping2D", "UpSampling2D", "ConvLSTM2D",
    "Dense", "Dropout", "SpatialDropout1D", "Flatten", "Activation", "RepeatVector", "Reshape", "Permute", "Masking",
    "Embedding", "Add", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot",
    "GaussianNoise", "GaussianDropout", "AlphaDropout",
    "BatchNormalization", "LayerNormalization", "ZeroPadding2D",
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D",
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
    "SimpleRNN", "GRU", "LSTM", "RNN", "SimpleRNNCell", "GRUCell", "LSTMCell", "StackedRNNCells",
    "Bidirectional", "TimeDistributed", "Rescaling", "Resizing", "CenterCrop", "CategoryEncoding", "RandomWidth",
  ]
  static let activations: Set<String> = [
    "elu", "selu", "relu", "relu6", "linear", "sigmoid", "keraskit>hard_sigmoid", "softplus", "softsign", "tanh",
    "softmax", "log_softmax", "swish", "silu",
  ]

  /// Throws `ExportError` naming the first layer that TensorFlow.js does not have.
  static func check(_ model: ModelConfig, path: String = "") throws(ExportError) {
    for layer in model.layers { try check(layer, path: path.isEmpty ? layer.name : "\(path)/\(layer.name)") }
  }

  /// The same of one layer, with what it holds.
  static func check(_ layer: LayerConfig, path: String) throws(ExportError) {
    if let model = layer.model { return try check(model, path: path) }
    func refuse(_ what: String, _ reason: String = "TensorFlow.js does not have it") -> ExportError {
      ExportError(.notExpressible(what: what, reason: reason), layer: path)
    }
    guard layer.module == "keras.layers", classes.contains(layer.className) else {
      throw refuse(layer.className, "TensorFlow.js has no such layer")
    }
    for field in ["activation", "recurrent_activation"] {
      guard let value = layer.fields[field], !value.isNull else { continue }
      guard let name = value.stringValue, activations.contains(name) else {
        throw refuse("the \(field) \(value.stringValue ?? value.text())")
      }
    }
    if layer.className == "ELU", layer.fields["alpha"]?.doubleValue ?? 1 != 1 {
      throw refuse("ELU with an alpha but 1")
    }
    if layer.className.hasPrefix("GRU"), layer.fields["reset_after"] != false {
      throw refuse("\(layer.className) with reset_after", "TensorFlow.js resets before the product only")
    }
    if layer.fields["keraskit>time_major"] == true { throw refuse("time_major") }
    if layer.string("padding") == "causal", layer.className != "Conv1D" { throw refuse("causal padding") }
    if let groups = layer.fields["groups"]?.intValue, groups > 1 { throw refuse("grouped convolution") }
    for field in ["layer", "backward_layer", "cell"] {
      guard let inner = try layer.inner(field, path: path) else { continue }
      guard field != "backward_layer" else { throw refuse("a backward layer of its own") }
      try check(inner, path: "\(path)/\(inner.name)")
    }
    for json in layer.fields["cells"]?.arrayValue ?? [] {
      let inner = try LayerConfig(json, path: path)
      try check(inner, path: "\(path)/\(inner.name)")
    }
  }
}

/// A layer that TensorFlow.js does not have, and no rewrite has replaced: it comes apart into operations, which are said in
/// layers that it has.
enum TFJSMissing: LayerRewrite {
  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    guard !context.isWrapped else { return }
    try TFJSLayers.check(chain.layer, path: context.path)
  }
}
