import KerasCore

/// Something that a saved model can say and that does not mean the same everywhere, with the code that looks for it.
///
/// A rule reads configs and the names and shapes of arrays, never their values, and runs without an engine. Rules whose
/// words mean different things in different releases are ``MeaningRule``s; those about a container's own structure are
/// ``FileRule``s.
public protocol AuditRule: Sendable {
  /// The slug by which findings, provenance and `keraskit explain` name it.
  var id: String { get }
  var title: String { get }
  var family: RuleFamily { get }
  /// The severity of a model that is hit; notes that say "not affected, and why" come below it.
  var severity: Severity { get }
  /// What it changes for someone who loads the file without knowing.
  var consequence: Consequence { get }
  /// The releases in which it happened.
  var affected: String { get }
  /// The story: what the releases did, since when, and how that is known.
  var explanation: String { get }
  /// What to do about it, in general.
  var fix: String { get }

  func check(_ subject: AuditSubject) -> [Finding]
}

/// What a rule is about; the chapters of its documentation.
public enum RuleFamily: String, Sendable, Hashable, CaseIterable {
  case activity = "Activity regularization"
  case regularizers = "Other regularizers, constraints and initializers"
  case recurrent = "Activations and recurrent layers"
  case normalization = "Normalization"
  case convolution = "Convolution, pooling and shapes"
  case dropout = "Dropout and noise"
  case training = "Losses, metrics and optimizers"
  case masks = "Embeddings, masks and the rest of the model"
  case security = "Security"
  case files = "Files and their readers"
}

/// What a finding changes.
public enum Consequence: String, Sendable, Hashable, CaseIterable {
  /// Predictions are other numbers.
  case inference
  /// Predictions are the same; training on is not.
  case training
  /// The file does not load.
  case loading
  /// Loading it does what its reader does not expect.
  case security
  /// Nothing changes; it is worth knowing.
  case none
}

/// A rule that reads the saved text alone and so works on configs that cannot be upgraded.
protocol SavedTextRule: AuditRule {}

/// A rule whose findings the reader or the upgrade to the canonical model makes, as they know best; it tells the story.
struct ReportedRule: AuditRule {
  let id: String
  let title: String
  let family: RuleFamily
  let severity: Severity
  let consequence: Consequence
  let affected: String
  let explanation: String
  let fix: String

  func check(_ subject: AuditSubject) -> [Finding] { [] }
}
