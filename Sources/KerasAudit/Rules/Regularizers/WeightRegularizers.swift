import KerasCore
import OrderedCollections

/// LSTM and GRU of Keras 1.2 gave the recurrent kernels the input kernels' regularizer.
struct RecurrentRegularizerOfKeras12: AuditRule {
  let id = "rnn-1.2-u-regularizer"
  let title = "U_regularizer of LSTM and GRU was ignored"
  let severity = Severity.warning
  let family = RuleFamily.regularizers
  let consequence = Consequence.training
  let affected = "Keras 1.2.0 to 1.2.2, LSTM and GRU with consume_less cpu or mem"
  let explanation = """
    In Keras 1.2 the branch of LSTM and GRU for consume_less other than gpu builds the recurrent matrices U_* with
    W_regularizer (and init instead of inner_init); U_regularizer is never used. Measured on 1.2.2: W l2 = 1, U l2 = 100
    gives a loss of 21.205, all kernels at factor 1; with their own factors it would be 852.7.
    """
  let fix = """
    recurrent_regularizer := W_regularizer reproduces the training; `convert` writes that.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    guard subject.isStandalone(from: KerasVersion(1, 2), before: KerasVersion(2)) else { return [] }
    return subject.layers.compactMap { layer in
      let saved = subject.savedFields(layer)
      let (w, u) = (saved["W_regularizer"] ?? .null, saved["U_regularizer"] ?? .null)
      guard ["LSTM", "GRU"].contains(layer.className), saved["consume_less"] != "gpu", w != u else { return nil }
      return Finding(
        rule: id, severity: .warning, layer: layer.path,
        location: subject.location(layer, "U_regularizer", "W_regularizer"),
        summary:
          "The recurrent kernels of this \(layer.className) were penalised with W_regularizer, not U_regularizer.",
        meantWhenSaved: "W_regularizer \(w.text()) for the recurrent kernels too; U_regularizer \(u.text()) had no "
          + "effect (measured on 1.2.2).",
        meansNow: "kernel_regularizer and recurrent_regularizer each do what they say.",
        advice:
          "`convert` and `fine-tune` write recurrent_regularizer as it was in effect; if U_regularizer is what was "
          + "wanted, set recurrent_regularizer to it.")
    }
  }
}

/// Where W_regularizer has gone.
struct WeightRegularizerName: SavedTextRule {
  let id = "weight-regularizer-name"
  let title = "Old names of weight regularizers"
  let severity = Severity.note
  let family = RuleFamily.regularizers
  let consequence = Consequence.loading
  let affected = "Keras 0.1 to 1.2.2"
  let explanation = """
    Keras 0 and 1 called them W_regularizer, U_regularizer and b_regularizer (weight_regularizer is an alias some code
    used; stock Keras never wrote it), objects of class WeightRegularizer, L1L2Regularizer, or l1l2. Since 2.0 they are
    kernel_regularizer, recurrent_regularizer, bias_regularizer and L1L2. The meaning is the same: l1·Σ|w| + l2·Σw², added
    to the loss once, whatever the batch. Keras 2 and 3 silently ignore or refuse the old keys.
    """
  let fix = """
    Rename the fields and use class L1L2; `convert` does.
    """

  private static let names: OrderedDictionary<String, String> = [
    "W_regularizer": "kernel_regularizer", "weight_regularizer": "kernel_regularizer",
    "U_regularizer": "recurrent_regularizer", "b_regularizer": "bias_regularizer",
    "gamma_regularizer": "gamma_regularizer", "beta_regularizer": "beta_regularizer",
  ]
  private static let specialTargets = ["Embedding": "embeddings_regularizer"]

  func check(_ subject: AuditSubject) -> [Finding] {
    var findings: [Finding] = []
    subject.visitSaved { members, pointer, layer in
      for (key, value) in members where !value.isNull {
        guard var new = Self.names[key], new != key, isRegularizer(value) else { continue }
        let owner = subject.owner(of: pointer)
        if key == "W_regularizer", let special = Self.specialTargets[owner?.className ?? ""] { new = special }
        findings.append(
          Finding(
            rule: id, severity: .note, layer: layer, location: subject.location(pointer.appending(key)),
            summary: "\(key) is what \(new) is today.",
            meantWhenSaved: "\(formula(value)) added to the loss.", meansNow: "The same, under the name \(new).",
            advice: "`convert` writes it as \(new) with class L1L2; nothing is lost."))
      }
    }
    return findings
  }

  private func isRegularizer(_ value: JSON) -> Bool { value.stringValue != nil || value.objectValue != nil }

  private func formula(_ value: JSON) -> String {
    guard value["name"] != "EigenvalueRegularizer" else { return "The eigenvalue penalty" }
    let factors = value["config"] ?? value
    let penalty = ActivityPenalty(
      l1: factors["l1"]?.doubleValue ?? 0, l2: factors["l2"]?.doubleValue ?? 0, isLayer: false)
    return penalty.isZero ? value.text() : penalty.formula("w")
  }
}

/// A shorthand like "l2" hides its factor.
struct RegularizerShorthand: SavedTextRule {
  let id = "l1l2-default-0.01"
  let title = "Regularizer given by a shorthand"
  let severity = Severity.note
  let family = RuleFamily.regularizers
  let consequence = Consequence.none
  let affected = "all releases"
  let explanation = """
    A regularizer written as a string ("l1", "l2", "l1l2", "l1_l2", "activity_l2") has the factor 0.01, for l1l2 both. The
    number stands nowhere in the file.
    """
  let fix = """
    Write the factor 0.01 explicitly; `convert` does.
    """

  private static let shorthands: Set<String> = [
    "l1", "l2", "l1l2", "l1_l2", "activity_l1", "activity_l2", "activity_l1l2",
  ]

  func check(_ subject: AuditSubject) -> [Finding] {
    var findings: [Finding] = []
    subject.visitSaved { members, pointer, layer in
      for (key, value) in members {
        guard key.hasSuffix("_regularizer"), let text = value.stringValue, Self.shorthands.contains(text.lowercased())
        else { continue }
        findings.append(
          Finding(
            rule: id, severity: .note, layer: layer, location: subject.location(pointer.appending(key)),
            summary: "The regularizer \"\(text)\" has the unstated factor 0.01.",
            meantWhenSaved: "A factor of 0.01 for each part named.",
            meansNow: "The same, where the name is still known.",
            advice: "`convert` writes the factor explicitly."))
      }
    }
    return findings
  }
}

/// A regularizer whose factor was never saved.
struct EigenvalueRegularizer: SavedTextRule {
  let id = "eigenvalue-regularizer"
  let title = "EigenvalueRegularizer cannot be restored"
  let severity = Severity.warning
  let family = RuleFamily.regularizers
  let consequence = Consequence.training
  let affected = "Keras 1.0 to 1.2"
  let explanation = """
    Keras 1 had a regularizer on the dominant eigenvalue of a square kernel. Its get_config did not save the factor k, and
    Keras 2 removed the class: what the penalty was cannot be told from the file. Predictions are unaffected.
    """
  let fix = """
    Choose another regularizer to train on; nothing restores the factor.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    var findings: [Finding] = []
    subject.visitSaved { members, pointer, layer in
      guard members["name"] == "EigenvalueRegularizer" || members["class_name"] == "EigenvalueRegularizer" else {
        return
      }
      findings.append(
        Finding(
          rule: id, severity: .warning, layer: layer, location: subject.location(pointer),
          summary: "An EigenvalueRegularizer, whose factor Keras did not save.",
          meantWhenSaved: "k times the dominant eigenvalue of the kernel's Gram matrix, k unknown.",
          meansNow: "Nothing: the class does not exist, and the file does not load.",
          advice: "Remove it from the config to use the model; to train on, choose another regularizer."))
    }
    return findings
  }
}
