/// What a class's name tells of the axes it works on.
enum LayerAxes {
  /// The number of spatial axes of a convolution, pooling, padding … class; `nil` for others.
  static func spatialRank(of className: String) -> Int? {
    for (suffix, rank) in [("1D", 1), ("2D", 2), ("3D", 3)] where className.contains(suffix) { return rank }
    return nil
  }

  static func isConvolution(_ className: String) -> Bool {
    className.contains("Conv") && spatialRank(of: className) != nil
  }

  static func isTransposed(_ className: String) -> Bool { className.hasSuffix("Transpose") }

  static func isPooling(_ className: String) -> Bool {
    className.hasPrefix("MaxPooling") || className.hasPrefix("AveragePooling")
  }

  static func isZeroPadding(_ className: String) -> Bool {
    className.hasPrefix("ZeroPadding") || className.hasPrefix("Cropping")
  }

  static func isRecurrent(_ className: String) -> Bool {
    ["LSTM", "GRU", "SimpleRNN", "RNN"].contains(className) || className.hasPrefix("ConvLSTM")
  }

  /// Classes whose data format the files of their time did not always say.
  static func hasDataFormat(_ className: String) -> Bool {
    CanonicalFields.of(className)?["data_format"] != nil && className != "Flatten"
  }
}
