import KerasCore

/// Something that a saved model can say and that does not mean the same everywhere, with the code that looks for it.
///
/// A rule reads configs only, never weights, and runs without an engine.
public protocol AuditRule: Sendable {
  /// The slug by which findings, provenance and `keraskit explain` name it.
  var id: String { get }
  var title: String { get }
  /// The severity of a model that is hit; notes that say "not affected, and why" come below it.
  var severity: Severity { get }
  /// The releases in which it happened.
  var affected: String { get }
  /// The story: what the releases did, since when, and how that is known.
  var explanation: String { get }

  func check(_ subject: AuditSubject) -> [Finding]
}
