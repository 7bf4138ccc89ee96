import KerasCore

/// A recurrent layer that a Bidirectional can run in either direction.
protocol RecurrentLayer: Layer {
  var goBackwards: Bool { get set }
  /// `nil` if the config does not say: false, and true inside a Bidirectional (Keras 3).
  var zeroOutputForMask: Bool? { get set }
  /// Whether the layer keeps its states between calls.
  var isStateful: Bool { get }
  var returnsSequences: Bool { get }
  /// Whether sequences are `(time, batch, …)` (tf.keras).
  var isTimeMajor: Bool { get }
}

/// LSTM, GRU and SimpleRNN: layers that are their shared fields.
protocol FusedRecurrentLayer: RecurrentLayer {
  var fields: RecurrentFields { get set }
}

extension FusedRecurrentLayer {
  var goBackwards: Bool {
    get { fields.goBackwards }
    set { fields.goBackwards = newValue }
  }
  var zeroOutputForMask: Bool? {
    get { fields.zeroOutputForMask }
    set { fields.zeroOutputForMask = newValue }
  }
  var isStateful: Bool { fields.stateful }
  var returnsSequences: Bool { fields.returnSequences }
  var isTimeMajor: Bool { fields.isTimeMajor }
}

/// ConvLSTM1D, ConvLSTM2D and ConvLSTM3D.
protocol ConvLSTMLayer: RecurrentLayer {
  var fields: ConvLSTMFields { get set }
}

extension ConvLSTMLayer {
  var goBackwards: Bool {
    get { fields.goBackwards }
    set { fields.goBackwards = newValue }
  }
  var zeroOutputForMask: Bool? {
    get { fields.zeroOutputForMask }
    set { fields.zeroOutputForMask = newValue }
  }
  var isStateful: Bool { fields.stateful }
  var returnsSequences: Bool { fields.returnSequences }
  var isTimeMajor: Bool { false }
}
