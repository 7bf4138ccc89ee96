import KerasCore

/// A rule about words that mean different things in different releases.
///
/// It says where the words stand and what each release makes of them; the comparison of the file's own release with the
/// target makes the finding, and the ledger's columns come from the same answers.
protocol MeaningRule: AuditRule {
  /// Where the words stand, one place a layer or field.
  func places(in subject: AuditSubject) -> [RulePlace]
  /// What a release makes of the words at `place`; equal texts are equal meanings.
  func meaning(of place: RulePlace, in release: Release, _ subject: AuditSubject) -> Meaning
  /// What to do at this place; the rule's `fix` if it does not say.
  func advice(_ place: RulePlace, _ subject: AuditSubject) -> String
  /// How serious it is there.
  func severity(of place: RulePlace, then: Meaning, now: Meaning) -> Severity
}

/// One place a rule is about.
struct RulePlace: Sendable {
  /// The layer's path by names; `nil` for the model.
  var layer: String?
  var location: SourceLocation
  /// The words in question as a ledger shows them: `recurrent_activation (absent)`, `hard_sigmoid`.
  var words: String
  /// What was found, in one sentence.
  var summary: String
  /// The audited layer, for the rule's own use.
  var audited: AuditedLayer?
  /// What the rule noted of the place for its own use.
  var noted: JSON = .null

  init(
    _ layer: AuditedLayer, at location: SourceLocation, words: String, summary: String
  ) {
    self.layer = layer.path
    self.location = location
    self.words = words
    self.summary = summary
    audited = layer
  }

  init(model location: SourceLocation, words: String, summary: String) {
    self.location = location
    self.words = words
    self.summary = summary
  }
}

/// What a release makes of something.
struct Meaning: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  var text: String
  /// The release does not load it; not a silent change.
  var isRefused = false

  init(_ text: String) { self.text = text }
  init(stringLiteral value: String) { text = value }

  static func refused(_ text: String) -> Meaning {
    var meaning = Meaning(text)
    meaning.isRefused = true
    return meaning
  }
}

extension MeaningRule {
  func advice(_ place: RulePlace, _ subject: AuditSubject) -> String { fix }

  func severity(of place: RulePlace, then: Meaning, now: Meaning) -> Severity { severity }

  /// What the file's own release made of a place, or every possible one of an unknown release.
  func savedMeanings(of place: RulePlace, _ subject: AuditSubject) -> [(meaning: Meaning, releases: [Release])] {
    var found: [(meaning: Meaning, releases: [Release])] = []
    for release in subject.savedReleases {
      let meaning = meaning(of: place, in: release, subject)
      if let index = found.firstIndex(where: { $0.meaning == meaning }) {
        found[index].releases.append(release)
      } else {
        found.append((meaning, [release]))
      }
    }
    return found
  }

  func check(_ subject: AuditSubject) -> [Finding] {
    places(in: subject).compactMap { place in
      let then = savedMeanings(of: place, subject)
      let now = meaning(of: place, in: subject.target, subject)
      guard then.contains(where: { $0.meaning != now }), let first = then.first(where: { $0.meaning != now }) else {
        return nil
      }
      let isKnown = then.count == 1
      let level = severity(of: place, then: first.meaning, now: now)
      return Finding(
        rule: id, severity: isKnown ? level : min(level, .warning), layer: place.layer, location: place.location,
        summary: place.summary + (isKnown ? "" : " The file does not say which release saved it."),
        meantWhenSaved: isKnown
          ? "\(first.meaning.text) (\(subject.release))"
          : "One of: " + then.map { "\($0.meaning.text) (\(Self.span($0.releases)))" }.joined(separator: "; "),
        meansNow: "\(now.text) (\(subject.target))", advice: advice(place, subject))
    }
  }

  private static func span(_ releases: [Release]) -> String {
    guard let first = releases.first, let last = releases.last, first != last else {
      return releases.first?.description ?? ""
    }
    return "\(first) to \(last)"
  }
}
