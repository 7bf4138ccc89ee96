import KerasCore

/// Old class names and the Keras 3 classes that compute the same.
enum ClassRenames {
  struct Row: Sendable {
    var old: String
    var new: String
    /// Fields the old class implied.
    var fields: [(key: String, value: JSON)] = []
    /// Only configs of this dialect and older ones.
    var through = Era.Dialect.keras3
  }

  static func row(for className: String, dialect: Era.Dialect) -> Row? {
    table[className].flatMap { dialect <= $0.through ? $0 : nil }
  }

  private static let table = Dictionary(rows.map { ($0.old, $0) }, uniquingKeysWith: { first, _ in first })

  private static let rows: [Row] = [
    Row(old: "Convolution1D", new: "Conv1D"),
    Row(old: "Convolution2D", new: "Conv2D"),
    Row(old: "Convolution3D", new: "Conv3D"),
    Row(old: "AtrousConvolution1D", new: "Conv1D"),
    Row(old: "AtrousConvolution2D", new: "Conv2D"),
    Row(old: "AtrousConv1D", new: "Conv1D"),
    Row(old: "AtrousConv2D", new: "Conv2D"),
    Row(old: "Deconvolution2D", new: "Conv2DTranspose"),
    Row(old: "Deconv2D", new: "Conv2DTranspose"),
    Row(old: "Deconvolution3D", new: "Conv3DTranspose"),
    Row(old: "Deconv3D", new: "Conv3DTranspose"),
    Row(old: "Convolution1DTranspose", new: "Conv1DTranspose"),
    Row(old: "Convolution2DTranspose", new: "Conv2DTranspose"),
    Row(old: "Convolution3DTranspose", new: "Conv3DTranspose"),
    Row(old: "SeparableConvolution1D", new: "SeparableConv1D"),
    Row(old: "SeparableConvolution2D", new: "SeparableConv2D"),
    Row(old: "MaxPool1D", new: "MaxPooling1D"),
    Row(old: "MaxPool2D", new: "MaxPooling2D"),
    Row(old: "MaxPool3D", new: "MaxPooling3D"),
    Row(old: "AvgPool1D", new: "AveragePooling1D"),
    Row(old: "AvgPool2D", new: "AveragePooling2D"),
    Row(old: "AvgPool3D", new: "AveragePooling3D"),
    Row(old: "GlobalMaxPool1D", new: "GlobalMaxPooling1D"),
    Row(old: "GlobalMaxPool2D", new: "GlobalMaxPooling2D"),
    Row(old: "GlobalMaxPool3D", new: "GlobalMaxPooling3D"),
    Row(old: "GlobalAvgPool1D", new: "GlobalAveragePooling1D"),
    Row(old: "GlobalAvgPool2D", new: "GlobalAveragePooling2D"),
    Row(old: "GlobalAvgPool3D", new: "GlobalAveragePooling3D"),
    Row(old: "UpSample1D", new: "UpSampling1D"),
    Row(old: "UpSample2D", new: "UpSampling2D"),
    // The same arithmetic: Dense contracts the last axis.
    Row(old: "TimeDistributedDense", new: "Dense"),
    Row(old: "CuDNNLSTM", new: "LSTM", fields: [("activation", "tanh"), ("recurrent_activation", "sigmoid")]),
    Row(
      old: "CuDNNGRU", new: "GRU",
      fields: [("activation", "tanh"), ("recurrent_activation", "sigmoid"), ("reset_after", true)]),
    Row(old: "BatchNormalizationV1", new: "BatchNormalization"),
    Row(old: "BatchNormalizationV2", new: "BatchNormalization"),
    Row(old: "SyncBatchNormalization", new: "BatchNormalization", fields: [("synchronized", true)]),
    Row(old: "ThresholdedReLu", new: "ReLU", fields: [("max_value", nil), ("negative_slope", 0.0)]),
    Row(old: "ThresholdedReLU", new: "ReLU", fields: [("max_value", nil), ("negative_slope", 0.0)]),
    Row(old: "GroupedQueryAttention", new: "GroupQueryAttention"),
    Row(old: "LSTMV1", new: "LSTM"),
    Row(old: "LSTMV2", new: "LSTM"),
    Row(old: "GRUV1", new: "GRU"),
    Row(old: "GRUV2", new: "GRU"),
    Row(old: "Model", new: "Functional"),
    Row(old: "Container", new: "Functional"),
    Row(old: "Network", new: "Functional"),
    Row(old: "TensorFlow>Functional", new: "Functional"),
  ]
}
