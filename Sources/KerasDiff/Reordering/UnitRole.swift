import KerasCore
import KerasModel

/// What a layer does with the features along the last axis, as far as their order is concerned.
enum UnitRole {
  /// Makes new features: `kernel` of (…, in, units) and `bias`.
  case product
  /// Rows of a table become the features.
  case table
  /// Units of gates side by side, fed back through `recurrent_kernel`.
  case recurrence
  /// Each feature by itself, with variables whose last axis counts them.
  case featurewise
  /// All inputs' features one by one with each other.
  case merging
  case concatenation
  /// Each image's channels at every place become features.
  case flattening
  /// `multiplier` features of each.
  case depthwise
  /// Not known to this comparison.
  case unknown

  private static let featurewiseClasses: Set<String> = [
    "Activation", "ReLU", "LeakyReLU", "ELU", "PReLU", "ThresholdedReLU", "Softmax", "Dropout", "AlphaDropout",
    "GaussianDropout", "GaussianNoise", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
    "ActivityRegularization", "BatchNormalization", "LayerNormalization", "UnitNormalization", "Masking", "Identity",
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D",
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalAveragePooling3D", "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D",
    "Cropping1D", "Cropping2D", "Cropping3D", "UpSampling1D", "UpSampling2D", "UpSampling3D", "RepeatVector",
  ]

  init(_ layer: any Layer) { self.init(className: layer.className, config: .object(layer.config)) }

  private init(className: String, config: JSON) {
    let lastAxis = config["axis"].map { $0 == -1 || $0 == [-1] || $0 == [.number(-1)] } ?? true
    switch className {
    case _ where config["data_format"] == "channels_first": self = .unknown
    case "TimeDistributed":
      let inner = config["layer"] ?? .null
      let role = UnitRole(className: inner["class_name"]?.stringValue ?? "", config: inner["config"] ?? .null)
      switch role {
      case .product, .featurewise, .depthwise: self = role
      default: self = .unknown
      }
    case "Dense": self = .product
    case "Conv1D", "Conv2D", "Conv3D": self = config["groups"]?.intValue ?? 1 == 1 ? .product : .unknown
    case "DepthwiseConv1D", "DepthwiseConv2D": self = .depthwise
    case "Embedding": self = .table
    case "SimpleRNN", "LSTM", "GRU": self = .recurrence
    case "Flatten": self = .flattening
    case "Concatenate": self = lastAxis ? .concatenation : .unknown
    case "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum": self = .merging
    case _ where Self.featurewiseClasses.contains(className): self = .featurewise
    default: self = .unknown
    }
  }
}
