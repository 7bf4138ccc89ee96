import KerasCore
import KerasFile
import KerasModel

/// Writes models in one format.
public protocol Exporter: Sendable {
  /// The word for it on the command line: `keras`, `onnx`.
  static var format: String { get }
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

  /// The model as a reader has it where the format stores weights in a form of its own, and the numbers that stand for each
  /// of them; it is then exported as it is. `nil` where it stores `rounded` arrays.
  static func rounded(
    _ model: LoadedModel, options: ExportOptions
  ) throws(ExportError) -> (model: LoadedModel, values: [String: TensorData])?

  /// An array as a reader has it after it was stored in that format; `WeightFormat.rounded` where the format says nothing.
  static func rounded(
    _ array: TensorData, in format: ExportOptions.WeightFormat
  ) throws(TensorDataError) -> TensorData

  /// Whether a file or folder is of this format, told by content; `false` where this program reads the format itself.
  static func recognizes(_ path: String) -> Bool

  /// The record that such a file carries, `nil` if it has none.
  ///
  /// Throws `ExportError` if the file is damaged.
  static func record(in path: String) throws(ExportError) -> JSON?

  /// The named results inside such a file; `nil` where the format has no names of layers, or they are seen nowhere.
  static func graph(in path: String) throws(ExportError) -> WrittenGraph?
}

extension Exporter {
  public static func recognizes(_ path: String) -> Bool { false }
  public static func record(in path: String) throws(ExportError) -> JSON? { nil }
  public static func graph(in path: String) throws(ExportError) -> WrittenGraph? { nil }

  public static func rounded(
    _ model: LoadedModel, options: ExportOptions
  ) throws(ExportError) -> (model: LoadedModel, values: [String: TensorData])? { nil }

  public static func rounded(
    _ array: TensorData, in format: ExportOptions.WeightFormat
  ) throws(TensorDataError) -> TensorData { try format.rounded(array) }
}

extension ExportOptions {
  /// The record that a file beside a model is.
  public static func record(inFile path: String) throws(ExportError) -> JSON? {
    guard let contents = try? FileContents(path: path) else { return nil }
    do {
      return try JSON(parsing: contents.array())
    } catch {
      throw ExportError(.file(KerasFileError(file: path, .unreadable("\(error)"))))
    }
  }
}

/// The formats of Keras itself, and those that need nothing but this module; `KerasConversion` knows all.
public enum Exporters {
  public static let all: [any Exporter.Type] = [
    KerasArchiveExporter.self,
    KerasH5Exporter.self,
    WeightsH5Exporter.self,
    JSONExporter.self,
    SafetensorsExporter.self,
    TFJSExporter.self,
  ]

  /// The exporter for a file of this name; throws `ExportError.unknownFormat` if none writes such files.
  public static func forFile(
    _ path: String, among formats: [any Exporter.Type] = all
  ) throws(ExportError) -> any Exporter {
    let name = path.lowercased()
    // The longest ending decides: `.weights.h5` before `.h5`.
    let fitting = formats.flatMap { exporter in
      exporter.suffixes.filter { name.hasSuffix($0) }.map { (length: $0.count, exporter: exporter) }
    }
    if let found = fitting.max(by: { $0.length < $1.length }) { return found.exporter.init() }
    throw ExportError(.unknownFormat(path: path, known: formats.flatMap { $0.suffixes }))
  }

  /// Writes the model in the format that the file's name asks for.
  public static func export(
    _ model: LoadedModel, to path: String, options: ExportOptions = ExportOptions()
  ) throws(ExportError) -> [ExportNote] {
    try forFile(path).export(model, to: path, options: options)
  }
}
