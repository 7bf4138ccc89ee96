import KerasCore

/// What masked steps of recurrent layers did.
enum RecurrentMasks {
  private static let recurrent: Set<String> = [
    "LSTM", "GRU", "SimpleRNN", "RNN", "SimpleDeepRNN", "JZS1", "JZS2", "JZS3", "ConvLSTM2D",
  ]

  /// Whether a mask reaches the layer, or the wrapper around it.
  private static func isMasked(_ layer: AuditedLayer, _ subject: AuditSubject) -> Bool {
    subject.masks.masked.contains(layer.path) || layer.wrappers.contains { subject.masks.masked.contains($0.path) }
  }

  static let reset = LayerMeaning(
    id: "rnn-mask-reset", title: "A masked step zeroed the state in Keras 0.1 and 0.2", family: .recurrent,
    severity: .error, consequence: .inference, affected: "Keras 0.1 and 0.2, recurrent layers behind a mask",
    explanation: """
      In Keras 0.1 and 0.2 a masked step multiplies the state that goes on by zero; since 0.3.3 the state and the output of
      the last unmasked step are carried through (measured on 0.3.3 to 3). Sequences padded at the end end with another
      state.
      """,
    fix: "`convert` refuses it for Keras 3, which has no such layer; predict computes it as saved.",
    find: { layer, subject in
      guard recurrent.contains(layer.className), subject.canonical.readAs.major == 0, isMasked(layer, subject) else {
        return nil
      }
      return .init(words: "masked steps", summary: "A \(layer.className) that is given a mask.")
    },
    mean: { _, release, _ in
      release.version < KerasVersion(0, 3)
        ? "a masked step sets the state to zero"
        : "a masked step carries the state and the output through"
    })

  static let output = LayerMeaning(
    id: "rnn-mask-output", title: "zero_output_for_mask is unknown to standalone Keras", family: .recurrent,
    severity: .warning, consequence: .inference, affected: "zero_output_for_mask true, read by standalone Keras",
    explanation: """
      A recurrent layer that returns sequences repeats its last output at masked steps. tf.keras and Keras 3 have the field
      zero_output_for_mask, which puts zeros there; standalone Keras refuses it.
      """,
    fix: "Read the file with tf.keras or Keras 3.",
    find: { layer, subject in
      guard subject.savedFields(layer)["zero_output_for_mask"] == true else { return nil }
      return .init(
        keys: ["zero_output_for_mask"], words: "zero_output_for_mask true",
        summary: "This \(layer.className) puts out zeros at masked steps.")
    },
    mean: { _, release, _ in
      release.isStandalone() ? .refused("refused: the field is unknown") : "zeros at masked steps"
    })

  static let bidirectional = LayerMeaning(
    id: "bidirectional-mask-zero", title: "Bidirectional puts zeros at masked steps since tf.keras", family: .recurrent,
    severity: .error, consequence: .inference,
    affected: "Keras 1.1 to 2.3.1, Bidirectional with return_sequences behind a mask",
    explanation: """
      tf.keras and Keras 3 set zero_output_for_mask on the layers of a Bidirectional: masked steps are 0. Keras 1 to 2.3.1
      repeat the last output there. Measured with a SimpleRNN that sums: 1, 1, 3, 3 in Keras 2.3.1, and zeros at the masked
      steps from TensorFlow 1.15 on.
      """,
    fix:
      "`convert` keeps them: for Keras 3 zero_output_for_mask is null, for tf.keras 2.15 both directions are layers apart.",
    find: { layer, subject in
      guard layer.bidirectional != nil, layer.config["return_sequences"] == true, isMasked(layer, subject) else {
        return nil
      }
      return .init(words: "masked steps", summary: "A masked Bidirectional that returns sequences.")
    },
    mean: { _, release, _ in
      release.isStandalone() ? "masked steps repeat the last output" : "masked steps are 0"
    })

  static let bidirectionalUnrolled = LayerMeaning(
    id: "bidirectional-unroll-mask", title: "An unrolled Bidirectional zeroes the mirrored steps", family: .recurrent,
    severity: .error, consequence: .inference,
    affected: "tf.keras 1.15 to Keras 3, Bidirectional with unroll and return_sequences behind a mask",
    explanation: """
      With unroll=True the backward half of a masked Bidirectional of TensorFlow 1.15 to Keras 3 is zeroed at the
      time-mirrored positions of the mask: it reads the sequence backwards and applies the mask forwards. Keras 1 to
      2.3.1 are right. Measured on all of these.
      """,
    fix: "Set unroll to false in a model that is still to be trained; a trained one has learnt with the fault.",
    find: { layer, subject in
      guard layer.bidirectional != nil, layer.config["unroll"] == true, layer.config["return_sequences"] == true,
        isMasked(layer, subject)
      else { return nil }
      return .init(keys: ["unroll"], words: "unroll true", summary: "A masked and unrolled Bidirectional.")
    },
    mean: { _, release, _ in
      release.isStandalone()
        ? "masked steps repeat the last output, in both directions"
        : "the backward half is 0 at the mirrored steps"
    })

  static let state = LayerRemark(
    id: "stateful", title: "The layer keeps its state from batch to batch", family: .recurrent, severity: .note,
    consequence: .none, affected: "all releases, stateful layers",
    explanation: """
      A stateful layer begins a batch with the state the last one ended with, sample by sample. Predictions depend on what
      was predicted before, until reset_states (Keras 3: reset_state) is called; the batch size is fixed.
      """,
    fix: "Predict sequences in order, and reset between them.",
    find: { layer, _ in
      guard layer.config["stateful"] == true else { return nil }
      return .init(
        keys: ["stateful"], summary: "This \(layer.className) is stateful.", then: "State is kept.", now: "The same.")
    })

  static let backwards = LayerRemark(
    id: "go_backwards", title: "The output sequence runs backwards in time", family: .recurrent, severity: .note,
    consequence: .none, affected: "all releases, go_backwards with return_sequences",
    explanation: """
      A recurrent layer with go_backwards reads its input from the end, and the sequence it returns begins with the last
      step. Only Bidirectional turns it round again. The same in every release that was measured (0.3.3 to 3).
      """,
    fix: "Turn the sequence round where it meets one that runs forwards.",
    find: { layer, _ in
      guard layer.config["go_backwards"] == true, layer.config["return_sequences"] == true, layer.bidirectional == nil
      else { return nil }
      return .init(
        keys: ["go_backwards"],
        summary: "This \(layer.className) returns its sequence from the last step to the first.",
        then: "Reversed in time.", now: "The same.")
    })

  static let unrolled = LayerRemark(
    id: "rnn-unroll", title: "The recurrence is unrolled for a fixed number of steps", family: .recurrent,
    severity: .note, consequence: .none, affected: "all releases, unroll true",
    explanation: """
      An unrolled layer's graph has one copy of the cell for each step, so the number of steps must be known when the model
      is built. What it computes is the same but for the fault in bidirectional-unroll-mask.
      """,
    fix: "Nothing; unroll false computes the same for any number of steps.",
    find: { layer, _ in
      guard layer.config["unroll"] == true else { return nil }
      return .init(
        keys: ["unroll"], summary: "This \(layer.className) is unrolled.", then: "A fixed number of steps.",
        now: "The same.")
    })
}
