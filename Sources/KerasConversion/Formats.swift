import CoreMLExport
import KerasExport
import ONNXExport
import SavedModelExport
import SwiftPackageExport
import TFLiteExport

/// All formats this program writes.
public enum Formats {
  public static let all: [any Exporter.Type] =
    Exporters.all + [
      ONNXExporter.self,
      TFLiteExporter.self,
      SavedModelExporter.self,
      SwiftPackageExporter.self,
      CoreMLExporter.self,
    ]

  /// The exporter for the format of that word (`onnx`), or else for a file of that name.
  ///
  /// Throws `ExportError.unknownFormat` naming the words and endings there are.
  public static func exporter(format: String? = nil, for path: String) throws(ExportError) -> any Exporter {
    guard let format else { return try Exporters.forFile(path, among: all) }
    if let found = all.first(where: { $0.format == format.lowercased() }) { return found.init() }
    throw ExportError(.unknownFormat(path: format, known: all.map { $0.format }))
  }

  /// Words of formats that hold a whole model and that this program reads back itself.
  private static let readable: Set<String> = ["keras", "h5", "safetensors"]

  /// Whether this program reads what that exporter writes.
  public static func isReadable(_ format: any Exporter.Type) -> Bool { readable.contains(format.format) }
}
