import KerasCore
import KerasModel

/// Which masks the dropout of recurrent layers draws.
enum RecurrentDropoutMeaning {
  private static let recurrent: Set<String> = [
    "LSTM", "GRU", "SimpleRNN", "LSTMCell", "GRUCell", "SimpleRNNCell", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D",
  ]

  /// What the saved fields say of the way in which the layer is computed.
  private static func mode(_ layer: AuditedLayer, _ subject: AuditSubject) -> String {
    let saved = subject.savedFields(layer)
    if let value = saved["consume_less"]?.stringValue { return "consume_less \(value)" }
    if let value = saved["implementation"]?.intValue { return "implementation \(value)" }
    return "implementation not stated"
  }

  private static func meaning(_ masks: String?) -> Meaning {
    switch masks {
    case "single": "one mask for all gates, the same at each step"
    case "per_gate": "a mask for each gate, the same at each step"
    case "each_step": "a mask drawn anew at each step"
    case "carried": "one mask, applied to the state that is carried on too"
    case "none": "no dropout, though a rate is stated"
    default: Meaning(masks ?? "no dropout")
    }
  }

  private static func masks(
    _ layer: AuditedLayer, _ release: Release, _ subject: AuditSubject
  ) -> (input: String?, state: String?) {
    RecurrentDropoutHistory.masks(
      className: layer.className, saved: subject.savedFields(layer), canonical: layer.config.objectValue ?? [:],
      in: release.version)
  }

  static let input = LayerMeaning(
    id: "consume-less/implementation", title: "Input dropout followed the way in which the layer is computed",
    family: .recurrent, severity: .warning, consequence: .training,
    affected: "Keras 0.3 to 2.15, recurrent layers with dropout (dropout_W) above 0",
    explanation: """
      Up to Keras 2.15 consume_less or implementation decides how dropout masks are drawn: a mask for each gate (mem, 1),
      one for all (gpu, 2), or one drawn anew at each step (cpu, and the layers of TensorFlow 2 that may run on cuDNN); in
      2.0.0 to 2.0.2 and SimpleRNN of Keras 1 some settings drew none. Keras 3 does not save the field, draws one input
      mask, or one for each gate if there is recurrent dropout. Recorded on the releases. Predictions are unaffected.
      """,
    fix: "fine-tune draws the masks as the file's release did.",
    find: { layer, subject in
      guard recurrent.contains(layer.className), let rate = layer.config["dropout"]?.doubleValue, rate > 0 else {
        return nil
      }
      return .init(
        keys: ["dropout", "dropout_W"], words: "dropout \(rate), \(mode(layer, subject))",
        summary: "The input dropout of this \(layer.className) draws its masks by \(mode(layer, subject)).")
    },
    mean: { meaning(masks($0, $1, $2).input) })

  static let state = LayerMeaning(
    id: "recurrent-dropout", title: "Recurrent dropout followed the way in which the layer is computed",
    family: .dropout, severity: .warning, consequence: .training,
    affected: "Keras 0.3 to 2.15, recurrent layers with recurrent_dropout (dropout_U) above 0",
    explanation: """
      As with the input (see consume-less/implementation), the masks on the state were one for each gate or one for all,
      and GRU with implementation 2 carries the masked state on (2.0.9 and later). Keras 3 draws a mask for each gate.
      Recorded on the releases. Predictions are unaffected.
      """,
    fix: "fine-tune draws the masks as the file's release did.",
    find: { layer, subject in
      guard recurrent.contains(layer.className), let rate = layer.config["recurrent_dropout"]?.doubleValue, rate > 0
      else { return nil }
      return .init(
        keys: ["recurrent_dropout", "dropout_U"], words: "recurrent_dropout \(rate), \(mode(layer, subject))",
        summary: "The recurrent dropout of this \(layer.className) draws its masks by \(mode(layer, subject)).")
    },
    mean: { meaning(masks($0, $1, $2).state) })
}
