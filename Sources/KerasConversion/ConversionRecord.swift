import KerasCore
import KerasExport
import KerasFile
import KerasKit

/// Where a written model comes from, and a case to verify it by: the text `keraskit` in the file's metadata.
public struct ConversionRecord: Sendable, Hashable {
  /// `keraskit 0.1.0`.
  public var tool: String
  /// The source's name without its folder, and its SHA-256; see `SourceDigest`.
  public var source: String
  public var sha256: String?
  /// The release that saved the source, as far as it is known.
  public var kerasVersion: String?
  public var backend: String?
  /// Ids of the upgrade's rules that changed something, with how often.
  public var rules: [String: Int]
  /// What was rewritten, is lost or should be known, as the conversion said it.
  public var notes: [String]
  public var verification: VerificationCase?

  /// Of a loaded model, without a case yet.
  public init(of model: Model, sha256: String?) {
    tool = "keraskit \(KerasKitVersion.current)"
    let file = model.loaded.source.file
    source = file.split(separator: "/").last.map { String($0) } ?? file
    self.sha256 = sha256
    kerasVersion = model.loaded.source.versionStamp ?? model.loaded.sourceVersion?.description
    backend = model.loaded.source.backend
    rules = model.provenance.reduce(into: [:]) { $0[$1.rule, default: 0] += 1 }
    notes = []
  }

  /// The record that a file carries, if this program wrote it; `nil` where there is none or it is damaged.
  public init?(in source: ModelSource) {
    guard let json = source.record else { return nil }
    self.init(json)
  }

  /// With what the exporter says of the model that it is about to write.
  ///
  /// Layers that were rewritten put out something else by design: those of the written model are what its file is
  /// verified by later. Throws `ExportError` if that model does not run.
  func completed(by written: ExportedModel, _ others: [ExportNote]) throws(ExportError) -> ConversionRecord {
    var record = self
    record.notes = (written.notes + others).map(\.description)
    guard let model = written.model, let inputs = verification?.inputs else { return record }
    do {
      record.verification?.layers = try VerificationCase(of: Model(model), inputs: inputs).layers
    } catch {
      throw ExportError(.malformed("the model in the target's layers does not run: \(error)"))
    }
    return record
  }

  // MARK: As JSON

  public var json: JSON {
    [
      "tool": .string(tool),
      "source": [
        "file": .string(source), "sha256": sha256.map { .string($0) } ?? .null,
        "keras_version": kerasVersion.map { .string($0) } ?? .null, "backend": backend.map { .string($0) } ?? .null,
      ],
      "rules": .object(
        .init(uniqueKeysWithValues: rules.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) })),
      "notes": .array(notes.map { .string($0) }), "verification": verification?.json ?? .null,
    ]
  }

  public init?(_ json: JSON) {
    guard let tool = json["tool"]?.stringValue, let origin = json["source"] else { return nil }
    self.tool = tool
    source = origin["file"]?.stringValue ?? ""
    sha256 = origin["sha256"]?.stringValue
    kerasVersion = origin["keras_version"]?.stringValue
    backend = origin["backend"]?.stringValue
    rules = (json["rules"]?.objectValue ?? [:]).reduce(into: [:]) { $0[$1.key] = $1.value.intValue }
    notes = (json["notes"]?.arrayValue ?? []).compactMap(\.stringValue)
    verification = json["verification"].flatMap { VerificationCase($0) }
  }
}
