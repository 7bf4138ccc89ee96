import KerasCore

/// Layers that tf.keras 2.15 does not have: those of Keras 0 and 1, and those that came with Keras 3.
enum NewClasses: LayerRewrite {
  /// What a model of 2.15 may consist of (keras/src/layers of 2.15.0), functions and models aside.
  static let known: Set<String> = [
    "InputLayer", "Dense", "EinsumDense", "Activation", "Embedding", "Masking", "Identity", "Rescaling", "Resizing",
    "CenterCrop", "LeakyReLU", "PReLU", "ELU", "ReLU", "ThresholdedReLU", "Softmax", "Conv1D", "Conv2D", "Conv3D",
    "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D",
    "SeparableConv2D", "LocallyConnected1D", "LocallyConnected2D", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D",
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D",
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalAveragePooling3D", "Flatten", "Reshape", "Permute", "RepeatVector",
    "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Cropping1D", "Cropping2D", "Cropping3D", "UpSampling1D",
    "UpSampling2D", "UpSampling3D", "BatchNormalization", "LayerNormalization", "GroupNormalization",
    "UnitNormalization", "Attention", "AdditiveAttention", "MultiHeadAttention",
    "Normalization", "CategoryEncoding", "Discretization", "Hashing", "IntegerLookup", "StringLookup",
    "TextVectorization", "HashedCrossing", "RandomBrightness", "RandomContrast", "RandomCrop", "RandomFlip",
    "RandomHeight", "RandomRotation", "RandomTranslation", "RandomWidth", "RandomZoom",
    "ActivityRegularization", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianNoise",
    "GaussianDropout", "AlphaDropout", "SimpleRNN", "GRU", "LSTM", "RNN", "SimpleRNNCell", "GRUCell", "LSTMCell",
    "StackedRNNCells", "Bidirectional", "TimeDistributed", "Add", "Subtract", "Multiply", "Average", "Maximum",
    "Minimum", "Concatenate", "Dot", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod",
    "InstanceProperty", "InstanceMethod",
  ]

  static func apply(to chain: inout LayerChain, _ context: inout RewriteContext) throws(ExportError) {
    let layer = chain.layer
    guard layer.model == nil, layer.module == "keras.layers" else { return }
    guard !known.contains(layer.className), !layer.className.hasPrefix("keraskit>") else { return }
    throw context.refusal("\(layer.className)", "\(context.target.name) has no such layer")
  }
}
