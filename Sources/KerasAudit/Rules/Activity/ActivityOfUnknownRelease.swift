import KerasCore

/// Without a version stamp nobody knows which of the meanings an activity regularizer had.
struct ActivityOfUnknownRelease: AuditRule {
  let id = "act-reg-possible-1x-stamp"
  let title = "Activity regularizer in a file without a release"
  let severity = Severity.warning
  let family = RuleFamily.activity
  let consequence = Consequence.training
  let affected = "files without keras_version, or stamped only \"1\", with Keras 1 or 2 configs"
  let explanation = """
    What an activity regularizer did depends on the release (see act-reg-on-input, act-reg-nested-dropped,
    act-reg-batch-scale). Weights files and configs saved apart often have no keras_version, and some tools stamped "1". Then
    all readings are possible, and this rule states them. In a nested model they differ in the tensor, in every model in
    the factor of the batch size.
    """
  let fix = """
    Find out which release saved the file and state it with --keras-version.
    """

  func check(_ subject: AuditSubject) -> [Finding] {
    guard subject.version == nil, !isKeras3OrKeras0(subject) else { return [] }
    return subject.penalised.compactMap { layer, penalty in
      var readings: [(formula: String, releases: [Release])] = []
      for release in subject.savedReleases {
        let formula = subject.activityFormula(layer, penalty, in: release)
        if let known = readings.firstIndex(where: { $0.formula == formula }) {
          readings[known].releases.append(release)
        } else {
          readings.append((formula, [release]))
        }
      }
      let now = subject.activityFormula(layer, penalty, in: subject.target)
      guard readings.contains(where: { $0.formula != now }) else { return nil }
      let list = readings.map { "\($0.formula) (\($0.releases.map(\.description).joined(separator: ", ")))" }
      return Finding(
        rule: id, severity: .warning, layer: layer.path,
        location: subject.location(layer, "activity_regularizer", "l2", "l1"),
        summary:
          "The file does not say which release saved it, and this activity regularizer's meaning depends on that.",
        meantWhenSaved: (readings.count > 1 ? "One of: " : "") + list.joined(separator: "; ")
          + (layer.nesting == 0 ? ". Not hit by the fault before 2.1.4: it is a direct layer of the model." : "."),
        meansNow: "\(now) (\(subject.target)).",
        advice: "Find out which release saved the file (date, requirements.txt) before training on, and state it with "
          + "--keras-version; predictions are the same.")
    }
  }

  /// Configs of Keras 0 and 3 betray themselves by their form, and leave no choice.
  private func isKeras3OrKeras0(_ subject: AuditSubject) -> Bool {
    guard let config = subject.source.config else { return true }
    if config["class_name"] == nil { return true }
    var isKeras3 = false
    config.visitObjects { members, _ in
      if members["registered_name"] != nil, members["module"] != nil { isKeras3 = true }
    }
    return isKeras3
  }
}
