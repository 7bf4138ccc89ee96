import KerasCore

/// Fields that a recurrent layer's config may leave out, and whose defaults changed.
enum RecurrentDefaults {
  private static let gated: Set<String> = ["LSTM", "GRU", "LSTMCell", "GRUCell"]
  private static let convolutional: Set<String> = ["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"]

  static let recurrentActivation = LayerMeaning(
    id: "recurrent-activation-default", title: "The gates' activation is not stated, and its default changed",
    family: .recurrent, severity: .error, consequence: .inference,
    affected: "configs without recurrent_activation (inner_activation)",
    explanation: """
      LSTM and GRU use hard_sigmoid for their gates by default up to Keras 2.2.4 and in TensorFlow 1, sigmoid since 2.3.0,
      TensorFlow 2 and Keras 3. ConvLSTM keeps hard_sigmoid up to 2.15 and has sigmoid in Keras 3. Keras always saves the
      field, but configs written by hand or by other tools leave it out. Measured on K0.3.3 to K3.
      """,
    fix: "Write the field explicitly; `convert` does.",
    find: { layer, subject in
      guard gated.union(convolutional).contains(layer.className),
        !subject.states(layer, "recurrent_activation"), !subject.states(layer, "inner_activation")
      else { return nil }
      return .init(
        words: "recurrent_activation (absent)",
        summary: "This \(layer.className) does not state its recurrent_activation.")
    },
    mean: { layer, release, _ in
      let version = release.version
      if convolutional.contains(layer.className) { return version.major >= 3 ? "sigmoid" : "hard_sigmoid" }
      let isNew = version.isTensorFlow ? version >= KerasVersion(2, 3) : version >= KerasVersion(2, 3)
      return isNew ? "sigmoid" : "hard_sigmoid"
    })

  static let activationOfKeras0 = LayerMeaning(
    id: "rnn-activation-default-0x", title: "The activation is not stated, and Keras 0.1 and 0.2 took sigmoid",
    family: .recurrent, severity: .error, consequence: .inference,
    affected: "Keras 0.1 and 0.2, GRU, SimpleRNN and SimpleDeepRNN without activation",
    explanation: """
      GRU, SimpleRNN and SimpleDeepRNN of Keras 0.1 and 0.2 have sigmoid as default activation, LSTM tanh; since 0.3 all
      have tanh.
      """,
    fix: "Write activation sigmoid for a file of those releases; `convert` does.",
    find: { layer, subject in
      guard ["GRU", "SimpleRNN", "SimpleDeepRNN", "GRUCell", "SimpleRNNCell"].contains(layer.className),
        subject.canonical.readAs.major == 0, !subject.states(layer, "activation")
      else { return nil }
      return .init(words: "activation (absent)", summary: "This \(layer.className) does not state its activation.")
    },
    mean: { _, release, _ in release.version < KerasVersion(0, 3) ? "sigmoid" : "tanh" })

  static let resetAfter = LayerMeaning(
    id: "gru-reset-after-default", title: "GRU does not state reset_after, and its default changed", family: .recurrent,
    severity: .error, consequence: .inference, affected: "GRU configs without reset_after, Keras 0 to 2.1.4",
    explanation: """
      A GRU multiplies the reset gate into the state before the recurrent product (reset_after false, a bias of 3·units) or
      after it (true, a bias of 2×3·units). Files of Keras up to 2.1.4 do not have the field and mean false; the default
      is false up to 2.3.1 and in TensorFlow 1, true in TensorFlow 2 and Keras 3. Measured: 3.15 loads such a GRU as
      reset_after=True, and then its stored bias does not fit or its predictions change.
      """,
    fix: "Write reset_after false; `convert` does.",
    find: { layer, subject in
      guard ["GRU", "GRUCell"].contains(layer.className), !subject.states(layer, "reset_after"),
        layer.config["reset_after"] == false
      else { return nil }
      return .init(words: "reset_after (absent)", summary: "This \(layer.className) does not state reset_after.")
    },
    mean: { _, release, _ in
      let version = release.version
      let isNew = version.isTensorFlow ? version >= KerasVersion(2, 3) : version >= KerasVersion(2, 4)
      return isNew ? "true: the reset gate is applied after the product" : "false: the reset gate is applied before"
    })

  static let resetAfterSince = LayerMeaning(
    id: "gru-reset-after-since", title: "reset_after is unknown before Keras 2.1.5", family: .recurrent,
    severity: .warning, consequence: .loading, affected: "readers before Keras 2.1.5",
    explanation: """
      The field reset_after of GRU came with Keras 2.1.5. Older releases have no such form and refuse the field. With the
      value true no layer of theirs computes the same.
      """,
    fix: "Read the file with 2.1.5 or later.",
    find: { layer, subject in
      guard ["GRU", "GRUCell"].contains(layer.className), let value = subject.savedFields(layer)["reset_after"]
      else { return nil }
      return .init(
        keys: ["reset_after"], words: "reset_after \(value.text())", summary: "This GRU states reset_after.")
    },
    mean: { layer, release, _ in
      release.isStandalone(before: KerasVersion(2, 1, 5)) ? .refused("refused: the field is unknown") : "as stated"
    })

  static let timeMajor = LayerMeaning(
    id: "time-major", title: "time_major is unknown to Keras 3", family: .recurrent, severity: .error,
    consequence: .loading, affected: "recurrent layers of tf.keras, read by Keras 3 or standalone Keras",
    explanation: """
      tf.keras saves time_major with every recurrent layer. Keras 3 refuses the field even where it is false (measured on
      3.15.1: "Unrecognized keyword arguments passed to LSTM"), and standalone Keras does too. With true, the layer's
      input is (time, batch, features).
      """,
    fix: "`convert` drops a false and transposes around the layer for a true.",
    find: { layer, subject in
      guard let value = subject.savedFields(layer)["time_major"] else { return nil }
      return .init(
        keys: ["time_major"], words: "time_major \(value.text())",
        summary: "This \(layer.className) states time_major, which only tf.keras knows.")
    },
    mean: { layer, release, subject in
      guard release.isTensorFlow(from: KerasVersion(2, 2, 4)) else {
        return .refused("refused: the field is unknown")
      }
      return subject.savedFields(layer)["time_major"] == true
        ? "axes are (time, batch, features)"
        : "axes are (batch, time, features)"
    })

  static let implementationZero = LayerMeaning(
    id: "rnn-implementation-0", title: "implementation 0 became 1", family: .recurrent, severity: .note,
    consequence: .none, affected: "Keras 2.0.0 to 2.0.8",
    explanation: """
      Keras 2.0.9 removed implementation 0 of recurrent layers (one product for all steps) and reads it as 1. The result
      is the same but for rounding.
      """,
    fix: "Nothing.",
    find: { layer, subject in
      guard subject.savedFields(layer)["implementation"] == 0 else { return nil }
      return .init(
        keys: ["implementation"], words: "implementation 0", summary: "This \(layer.className) states implementation 0."
      )
    },
    mean: { _, release, _ in
      release.isStandalone(before: KerasVersion(2, 0, 9))
        ? "the input's product is made for all steps at once"
        : "read as implementation 1: the same numbers"
    })
}
