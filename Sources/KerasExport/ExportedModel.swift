import KerasCore
import KerasModel

/// What an exporter is about to write: what a record of it can say.
public struct ExportedModel: Sendable {
  /// All that `export` will return.
  public var notes: [ExportNote]
  /// The model in the target's layers, as a reader of the file has it; `nil` where the format is not read as one.
  public var model: LoadedModel?

  public init(notes: [ExportNote], model: LoadedModel? = nil) {
    self.notes = notes
    self.model = model
  }
}

extension ExportOptions {
  /// Makes the record of what is about to be written.
  public typealias RecordMaker = @Sendable (ExportedModel) throws(ExportError) -> JSON

  /// The record to write, if one is wanted: to be asked for when all notes are known.
  public func record(_ notes: [ExportNote], _ model: LoadedModel? = nil) throws(ExportError) -> JSON? {
    guard let makeRecord else { return nil }
    return try makeRecord(ExportedModel(notes: notes, model: model))
  }
}
