import KerasCore

/// What the writer of a model may choose.
public struct ExportOptions: Sendable {
  /// Which activity penalty the written model has.
  public enum ActivitySemantics: String, Sendable, Hashable, CaseIterable {
    /// What the saving release really added to the loss.
    case asSaved = "as-saved"
    /// What its documentation promised: the penalty on the layer's output.
    case intended
  }

  /// How the target stores float weights.
  public enum WeightFormat: String, Sendable, Hashable, CaseIterable {
    case float32, float16, bfloat16
    /// Arrays of two or more axes as 8-bit integers with one scale for each entry of the last axis.
    case int8 = "int8-weights"
  }

  public var activitySemantics: ActivitySemantics
  /// The batch size of training, by which Keras 3.14 and later divide activity penalties and older releases did not.
  public var batchSize: Int?
  /// The release that is to load the file, of formats that have several; `nil` is the newest this program knows.
  public var release: KerasVersion?
  /// ONNX's opset; `nil` is 21, which runtimes since 2024 have.
  public var opset: Int?
  public var weightFormat: WeightFormat
  /// Says where the model comes from, and a case to verify it by: goes into the file's metadata where it has a place, as
  /// one JSON text by the key `keraskit`.
  public var makeRecord: RecordMaker?

  public init(
    activitySemantics: ActivitySemantics = .asSaved, batchSize: Int? = nil, release: KerasVersion? = nil,
    opset: Int? = nil, weightFormat: WeightFormat = .float32, makeRecord: RecordMaker? = nil
  ) {
    self.activitySemantics = activitySemantics
    self.batchSize = batchSize
    self.release = release
    self.opset = opset
    self.weightFormat = weightFormat
    self.makeRecord = makeRecord
  }

  /// The key of the record in metadata.
  public static let recordKey = "keraskit"
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
