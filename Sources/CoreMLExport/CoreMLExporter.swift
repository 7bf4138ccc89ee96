import KerasCore
import KerasExport
import KerasFile
import KerasModel

/// Writes Core ML model packages: an ML program of float32 for iOS 15 and macOS 12 and later, with an open batch.
///
/// With weights in float16 or int8 the program needs iOS 16 and macOS 13, whose operations unpack them; bfloat16 is
/// rounded, and stored as float32. Throws `ExportError.notExpressible` for texts, hashes of categories, 8-bit floats and
/// more than five axes.
public struct CoreMLExporter: Exporter {
  public static let format = "coreml"
  public static let name = "Core ML model package"
  public static let suffixes = [".mlpackage"]

  public init() {}

  public func check(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    _ = try ProgramModel(model, options: options)
  }

  public func export(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
    let converted = try ProgramModel(model, options: options)
    try ModelPackage(model: converted.proto, weights: converted.weights).write(to: path)
    return converted.notes
  }

  public static func recognizes(_ path: String) -> Bool {
    ["Manifest.json", ModelPackage.specification].allSatisfy { (try? FileContents(path: "\(path)/\($0)")) != nil }
  }

  public static func record(in path: String) throws(ExportError) -> JSON? {
    let file = "\(path)/\(ModelPackage.specification)"
    do {
      let model = try FileContents(path: file).withBytes { bytes throws in
        try CoreMLModel(serializedBytes: Array(bytes))
      }
      return model.description_p.metadata.userDefined[ExportOptions.recordKey].flatMap {
        try? JSON(parsing: Array($0.utf8))
      }
    } catch {
      throw ExportError(.file(KerasFileError(file: file, .unreadable("it is no Core ML model: \(error)"))))
    }
  }
}
