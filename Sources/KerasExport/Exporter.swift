import KerasModel

/// Writes models in one format.
public protocol Exporter: Sendable {
  /// The format in words: `Keras 3 archive`.
  static var name: String { get }
  /// How names of such files end: `.keras`.
  static var suffixes: [String] { get }
  init()

  /// Writes the model, so that the consumer of the format computes what the source computed.
  ///
  /// The file appears at `path` only when it is complete. Throws `ExportError` naming the layer that the format cannot
  /// express; what had to be said differently, or is lost, comes back as notes.
  func export(_ model: LoadedModel, to path: String, options: ExportOptions) throws(ExportError) -> [ExportNote]

  /// Throws what `export` would throw of the model, and writes nothing: to be asked before a long training.
  func check(_ model: LoadedModel, options: ExportOptions) throws(ExportError)
}

/// The formats this program writes.
public enum Exporters {
  public static let all: [any Exporter.Type] = [
    KerasArchiveExporter.self,
    KerasH5Exporter.self,
  ]

  /// The exporter for a file of this name; throws `ExportError.unknownFormat` if none writes such files.
  public static func forFile(_ path: String) throws(ExportError) -> any Exporter {
    let name = path.lowercased()
    for exporter in all where exporter.suffixes.contains(where: { name.hasSuffix($0) }) { return exporter.init() }
    throw ExportError(.unknownFormat(path: path, known: all.flatMap { $0.suffixes }))
  }

  /// Writes the model in the format that the file's name asks for.
  public static func export(
    _ model: LoadedModel, to path: String, options: ExportOptions = ExportOptions()
  ) throws(ExportError) -> [ExportNote] {
    try forFile(path).export(model, to: path, options: options)
  }
}
