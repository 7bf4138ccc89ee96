/// What the writer of a model may choose.
public struct ExportOptions: Sendable, Hashable {
  /// Which activity penalty the written model has.
  public enum ActivitySemantics: String, Sendable, Hashable, CaseIterable {
    /// What the saving release really added to the loss.
    case asSaved = "as-saved"
    /// What its documentation promised: the penalty on the layer's output.
    case intended
  }

  public var activitySemantics: ActivitySemantics
  /// The batch size of training, by which Keras 3.14 and later divide activity penalties and older releases did not.
  public var batchSize: Int?

  public init(activitySemantics: ActivitySemantics = .asSaved, batchSize: Int? = nil) {
    self.activitySemantics = activitySemantics
    self.batchSize = batchSize
  }
}

/// Something the written model says in another way than the source, or does not carry over.
public struct ExportNote: Sendable, Hashable, CustomStringConvertible {
  public enum Kind: String, Sendable, Hashable {
    /// Other layers or values that compute the same.
    case rewritten
    /// The target has no place for it.
    case lost
    /// The user should decide.
    case warning
  }

  public var kind: Kind
  public var layer: String?
  public var message: String

  public init(_ kind: Kind, layer: String? = nil, _ message: String) {
    self.kind = kind
    self.layer = layer
    self.message = message
  }

  public var description: String {
    kind.rawValue + ": " + (layer.map { "layer '\($0)': " } ?? "") + message
  }
}
