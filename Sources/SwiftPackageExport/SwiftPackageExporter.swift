import KerasCore
import KerasExport
import KerasFile
import KerasModel

/// Writes a Swift package whose library predicts with the model: plain Swift, with the weights as text in it or in a
/// resource beside it, that needs nothing but Foundation.
///
/// The folder also has a command that predicts from numpy's files, a test that replays the stored case, a README, and the
/// record as `keraskit.json`. Throws `ExportError.notExpressible` for what the package's code has no routine for:
/// texts, tables and hashes of categories, random draws.
public struct SwiftPackageExporter: Exporter {
  public static let format = "swift"
  public static let name = "Swift package"
  public static let suffixes = [suffix]

  static let suffix = ".swiftpackage"
  /// Fewer bytes of weights are a text in the code.
  static let embeddedLimit = 1_000_000

  public init() {}

  public func check(_ model: LoadedModel, options: ExportOptions) throws(ExportError) {
    _ = try emission(of: model, options)
  }

  public func export(
    _ model: LoadedModel, to path: String, options: ExportOptions
  ) throws(ExportError) -> [ExportNote] {
    let emission = try emission(of: model, options)
    let name = path.split(separator: "/").last.map { String($0) } ?? path
    let package = SwiftPackage(
      emission, module: SwiftNames.module(name), model: model, record: try options.record(emission.source.notes))
    do {
      let folder = try AtomicFolder(replacing: path)
      for file in package.files { try folder.write(file.bytes, as: file.name) }
      try folder.commit()
    } catch {
      throw ExportError(.file(KerasFileError(file: path, .unwritable(error.description))))
    }
    return emission.source.notes
  }

  public static func recognizes(_ path: String) -> Bool {
    FolderListing.isFolder(path) && (try? FileContents(path: "\(path)/Package.swift")) != nil
      && ((try? FolderListing.names(in: "\(path)/Sources")) ?? []).contains { $0.hasPrefix("Predict") }
  }

  public static func record(in path: String) throws(ExportError) -> JSON? {
    try ExportOptions.record(inFile: "\(path)/keraskit.json")
  }

  private func emission(of model: LoadedModel, _ options: ExportOptions) throws(ExportError) -> GraphEmission {
    let source = try ExportGraph(model, foldsWeights: options.weightFormat == .float32)
    return try GraphEmission(source, format: options.weightFormat)
  }
}
