import KerasCore

/// A rule about single layers, said in values: which layers it is about, and what each release makes of them.
struct LayerMeaning: MeaningRule {
  /// What the rule has found at a layer.
  struct Match: Sendable {
    /// The saved fields to point at, the first that the file has; the layer itself without any.
    var keys: [String] = []
    var words: String
    var summary: String
  }

  let id: String
  let title: String
  let family: RuleFamily
  let severity: Severity
  let consequence: Consequence
  let affected: String
  let explanation: String
  let fix: String
  let find: @Sendable (AuditedLayer, AuditSubject) -> Match?
  let mean: @Sendable (AuditedLayer, Release, AuditSubject) -> Meaning

  func places(in subject: AuditSubject) -> [RulePlace] {
    subject.layers.compactMap { layer in
      find(layer, subject).map {
        RulePlace(layer, at: subject.location(layer, keys: $0.keys), words: $0.words, summary: $0.summary)
      }
    }
  }

  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning {
    place.audited.map { mean($0, release, subject) } ?? Meaning("")
  }
}

/// A rule about single layers that says the same whatever the target is: something to know before working with the file.
struct LayerRemark: AuditRule {
  let id: String
  let title: String
  let family: RuleFamily
  let severity: Severity
  let consequence: Consequence
  let affected: String
  let explanation: String
  let fix: String
  let find: @Sendable (AuditedLayer, AuditSubject) -> Remark?

  struct Remark: Sendable {
    var keys: [String] = []
    var summary: String
    var then = ""
    var now = ""
  }

  func check(_ subject: AuditSubject) -> [Finding] {
    subject.layers.compactMap { layer in
      find(layer, subject).map {
        Finding(
          rule: id, severity: severity, layer: layer.path, location: subject.location(layer, keys: $0.keys),
          summary: $0.summary, meantWhenSaved: $0.then, meansNow: $0.now, advice: fix)
      }
    }
  }
}

/// A rule about how a fresh layer would begin: it changes nothing that is stored, so one note a model is enough.
struct InitializerNote: AuditRule {
  let id: String
  let title: String
  let affected: String
  let explanation: String
  let family = RuleFamily.regularizers
  let severity = Severity.note
  let consequence = Consequence.none
  let fix =
    "Nothing for a trained model; name the initializer with its parameters where the model is to be trained anew."
  /// The saved field with the initializer in question, if the layer has one.
  let field: @Sendable (AuditedLayer, AuditSubject) -> String?
  let mean: @Sendable (Release) -> String

  func check(_ subject: AuditSubject) -> [Finding] {
    let hits = subject.layers.compactMap { layer in field(layer, subject).map { (layer: layer, field: $0) } }
    let then = Set(subject.savedReleases.map(mean))
    let now = mean(subject.target)
    guard let first = hits.first, then != [now] else { return [] }
    let names = hits.map(\.layer.path)
    let listed = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
    return [
      Finding(
        rule: id, severity: .note, layer: names.count == 1 ? first.layer.path : nil,
        location: subject.location(first.layer, keys: [first.field]),
        summary: "\(title) (\(listed)).",
        meantWhenSaved: then.count == 1 ? then.first ?? "" : "One of: " + then.sorted().joined(separator: "; "),
        meansNow: now, advice: fix)
    ]
  }
}
