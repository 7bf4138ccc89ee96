import DataFiles
import Foundation
import KerasCore
import KerasFile
import Testing
import ZipArchive

@testable import KerasKit
@testable import KerasModel
@testable import KerasTraining

/// A case of a zip that a script of `Tools/fixtures` recorded in one release, its files in a folder of their own.
struct RecordedZip {
  let folder: URL
  let path: String
  let config: String?
  let truth: NumpyArchive
  private let common: NumpyArchive?

  /// All cases as `release/case`.
  static func names(in folder: String) -> [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.sorted().flatMap { file -> [String] in
      guard file.hasSuffix(".zip"), let zip = try? ZipReader(path: "\(folder)/\(file)") else { return [] }
      let cases = zip.members.map(\.name).filter { $0.hasSuffix(".npz") && $0 != "data.npz" }
      return cases.sorted().map { "\(file.dropLast(4))/\($0.dropLast(4))" }
    }
  }

  init(_ place: String, _ name: String) throws {
    let parts = name.split(separator: "/").map(String.init)
    let zip = try ZipReader(path: "\(place)/\(parts[0]).zip")
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("recorded-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func unpacked(_ member: String) throws -> String? {
      guard zip.members.contains(where: { $0.name == member }) else { return nil }
      let path = folder.appendingPathComponent(member)
      try Data(zip.read(member)).write(to: path)
      return path.path
    }
    self.folder = folder
    path = try #require(try unpacked(parts[1] + ".keras") ?? unpacked(parts[1] + ".h5"))
    config = try unpacked(parts[1] + ".json")
    truth = try NumpyArchive(path: try #require(try unpacked(parts[1] + ".npz")))
    common = try unpacked("data.npz").map { try NumpyArchive(path: $0) }
  }

  /// The batch that all cases of the zip share.
  func batch() throws -> DataSet {
    try DataSet(inputs: [try #require(common?["x"])], targets: [try #require(common?["t"])])
  }

  func model() throws -> Model { try config.map { try Model.load(config: $0, weights: path) } ?? Model.load(path) }
  func file(_ name: String) -> String { folder.appendingPathComponent(name).path }
  func remove() { try? FileManager.default.removeItem(at: folder) }

  /// The weights recorded at the end, in the canonical layout: the file read again with other numbers in it.
  func expected(_ model: LoadedModel) throws -> [String: TensorData] {
    var next = 0
    func take() throws -> TensorData {
      next += 1
      return try #require(truth["w\(next - 1)"])
    }
    guard case .groups(var groups) = model.source.weights else {
      var result: [String: TensorData] = [:]
      for parameter in try model.network.parameterSpecs() { result[parameter.name] = try take() }
      return result
    }
    for group in groups.indices {
      for index in groups[group].arrays.indices {
        let stored = groups[group].arrays[index]
        let array = try take()
        groups[group].arrays[index] = StoredArray(
          name: stored.name, path: stored.path, dtype: stored.dtype, shape: stored.shape
        ) { () throws(KerasFileError) in array }
      }
    }
    var source = model.source
    source.weights = .groups(groups)
    return try LoadedModel.load(source: source, options: model.options).weights
  }
}
