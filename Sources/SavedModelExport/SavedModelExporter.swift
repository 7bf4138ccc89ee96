import KerasCore
import KerasExport
import KerasFile
import KerasModel
import TensorBundle

/// Writes SavedModels, which TensorFlow and its tools load: a folder with the inference graph and a checkpoint of the
/// weights.
///
/// Signatures `serving_default` and `serve`, and the function `serve` that Keras' `TFSMLayer` calls, take the model's inputs
/// by name and give `output_0`, `output_1` … as Keras' `model.export` does; the batch is open. The record of the
/// conversion lies in `assets.extra/keraskit.json`. Throws `ExportError.notExpressible` for what TensorFlow has no
/// operation for.
public struct SavedModelExporter: Exporter {
  public static let format = "savedmodel"
  public static let name = "SavedModel"
  public static let suffixes = [".savedmodel"]

  public init() {}

  public func check(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    _ = try ModelFunctions(model, options: options)
  }

  public func export(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
    let functions = try ModelFunctions(model, options: options)
    let record = try options.record(functions.notes)
    do {
      let folder = try AtomicFolder(replacing: path)
      // Readers look for the assets though there are none.
      for name in ["assets", "variables"] { try folder.makeFolder(name) }
      let weights = try TensorBundleWriter(prefix: "\(folder.temporaryPath)/variables/variables")
      for variable in functions.parts.variables { try weights.add(variable.name, variable.data) }
      try weights.finish()
      try folder.write(try SavedModelDocument(functions).bytes(), as: "saved_model.pb")
      if let record {
        try folder.write(Array(record.text().utf8), as: Self.recordName)
      }
      try folder.commit()
    } catch {
      throw ExportError(.file(KerasFileError(file: path, .unwritable("\(error)"))))
    }
    return functions.notes
  }

  /// Only those that carry a record: others, of Keras and TensorFlow, this program reads as far as they are models.
  public static func recognizes(_ path: String) -> Bool {
    [recordName, "saved_model.pb"].allSatisfy { (try? FileContents(path: "\(path)/\($0)")) != nil }
  }

  public static func record(in path: String) throws(ExportError) -> JSON? {
    try ExportOptions.record(inFile: "\(path)/\(recordName)")
  }

  private static var recordName: String { "assets.extra/\(ExportOptions.recordKey).json" }
}
