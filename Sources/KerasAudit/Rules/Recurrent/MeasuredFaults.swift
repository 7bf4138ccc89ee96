import KerasCore
import KerasModel

/// Faults of single releases that were found by running them.
enum MeasuredFaults {
  static let candidateInput = LayerMeaning(
    id: "gru-candidate-input", title: "GRU fed its candidate with the reset gate's input", family: .recurrent,
    severity: .error, consequence: .inference, affected: "Keras 2.0.0 and 2.0.1, GRU with implementation 1",
    explanation: """
      In layers/recurrent.py of Keras 2.0.0 and 2.0.1 the branch of GRU for implementation 1 adds the candidate's bias to the
      input of the reset gate (x_h = K.bias_add(x_r, self.bias_h)), so that the candidate never sees its own kernel.
      Measured on both: predictions differ by more than 1. Weights trained there expect it.
      """,
    fix: "`convert` writes kernels that compute the same; do not load the file in a later release directly.",
    find: { layer, subject in
      let saved = subject.savedFields(layer)
      guard layer.className == "GRU", saved["implementation"] == 1, saved["use_bias"] != false else { return nil }
      return .init(keys: ["implementation"], words: "implementation 1", summary: "A GRU with implementation 1.")
    },
    mean: { _, release, _ in
      release.isStandalone(from: KerasVersion(2), before: KerasVersion(2, 0, 2))
        ? "the candidate gets the reset gate's input" : "the candidate gets its own input"
    })

  static let stackedOrder = LayerMeaning(
    id: "stacked-state-order", title: "Stacked cells kept their states in reverse order", family: .recurrent,
    severity: .warning, consequence: .inference, affected: "Keras 2.0.9 to 2.2.2, StackedRNNCells",
    explanation: """
      StackedRNNCells of standalone Keras up to 2.2.2 lists the states of its cells from the last cell to the first; later
      releases and Keras 3 from the first to the last. It matters where states are given to the layer or taken from it. tf.keras
      has the old order as the option reverse_state_order.
      """,
    fix: "Reverse the list of states that is passed to the layer.",
    find: { layer, subject in
      guard layer.className == "StackedRNNCells", !subject.states(layer, "reverse_state_order") else { return nil }
      return .init(words: "order of states", summary: "Stacked recurrent cells.")
    },
    mean: { _, release, _ in
      release.isStandalone(before: KerasVersion(2, 2, 3))
        ? "states from the last cell to the first"
        : "states from the first cell to the last"
    })

  static let cappedSReLU = LayerMeaning(
    id: "srelu-theano", title: "SReLU bends at another place on Theano", family: .recurrent, severity: .warning,
    consequence: .inference, affected: "Keras 1.2, SReLU on Theano",
    explanation: """
      SReLU of Keras 1.2.2 bounds its left part by another expression on Theano than on TensorFlow; recorded on both
      backends. Keras 2 removed the layer.
      """,
    fix: "`convert` writes layers that compute the saved form.",
    find: { layer, _ in
      guard layer.className == "SReLU" else { return nil }
      return .init(words: "SReLU", summary: "An SReLU layer.")
    },
    mean: { _, release, _ in
      guard release.version.major < 2 else { return .refused("the class is gone") }
      return release.isTheano ? "Theano's form" : "TensorFlow's form"
    })
}
