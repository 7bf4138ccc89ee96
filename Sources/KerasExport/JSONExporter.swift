import KerasCore
import KerasFile
import KerasModel

/// Writes the architecture as `model.to_json()` of Keras 3 does, or of tf.keras 2.15 where `ExportOptions.release` asks
/// for it.
public struct JSONExporter: Exporter {
  public static let format = "json"
  public static let name = "Keras JSON architecture"
  public static let suffixes = [".json"]

  public init() {}

  public func check(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    try KerasH5Exporter().check(model, options: options)
  }

  public func export(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
    var json: JSON
    var notes: [ExportNote]
    if try Keras2Release.isAsked(by: options) {
      let keras2 = try Keras2Model(model, options: options)
      json = keras2.config
      json["keras_version"] = .string(Keras2Model.kerasVersion)
      json["backend"] = "tensorflow"
      notes = keras2.notes + Keras2Release.notes(options)
    } else {
      let keras3 = try Keras3Model(model, options: options)
      json = keras3.config.keras3JSON
      if let compile = keras3.compile { json["compile_config"] = compile }
      notes = keras3.notes
    }
    notes.append(ExportNote(.lost, "the weights: the file holds the architecture alone"))
    if let record = try options.record(notes) { json[ExportOptions.recordKey] = record }
    do {
      let file = try AtomicFile(replacing: path)
      try file.write(Array(json.text().utf8))
      try file.commit()
    } catch {
      throw ExportError(.file(KerasFileError(file: path, .unwritable("\(error)"))))
    }
    return notes
  }
}
