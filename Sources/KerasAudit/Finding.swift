import KerasCore
import OrderedCollections

/// One thing a rule found: where it is, what it meant to the release that saved it, what it means now, what to do.
public struct Finding: Sendable, Hashable {
  /// The rule's slug: `act-reg-on-input`.
  public var rule: String
  public var severity: Severity
  /// The layer's path by names, `encoder/dense_1`; `nil` if the whole model is meant.
  public var layer: String?
  public var location: SourceLocation
  /// What was found, in one sentence.
  public var summary: String
  /// What it meant in the release that saved the file, as measured there.
  public var meantWhenSaved: String
  /// What current Keras (3.15) makes of the same words.
  public var meansNow: String
  public var advice: String

  public init(
    rule: String, severity: Severity, layer: String? = nil, location: SourceLocation, summary: String,
    meantWhenSaved: String = "", meansNow: String = "", advice: String = ""
  ) {
    self.rule = rule
    self.severity = severity
    // An empty text says nothing: it is written as null and read back as none.
    self.layer = layer == "" ? nil : layer
    self.location = location
    if location.container == "" { self.location.container = nil }
    self.summary = summary
    self.meantWhenSaved = meantWhenSaved
    self.meansNow = meansNow
    self.advice = advice
  }

  /// The finding for scripts: every field by name, absent ones null.
  public var json: JSON {
    func text(_ value: String?) -> JSON { value.map { $0.isEmpty ? .null : .string($0) } ?? .null }
    return [
      "rule": .string(rule), "severity": .string(severity.rawValue), "layer": text(layer),
      "location": [
        "file": .string(location.file), "container": text(location.container),
        "pointer": location.pointer.map { .string($0.description) } ?? .null,
      ],
      "summary": .string(summary), "meant_when_saved": text(meantWhenSaved), "means_now": text(meansNow),
      "advice": text(advice),
    ]
  }
}
