import DataFiles
import Foundation
import KerasCore
import KerasFile
import PackedFixtures
import Testing

@testable import KerasModel
@testable import KerasTraining

/// A model of `fixtures/models` with what the release that wrote it computed.
struct Fixture {
  let model: LoadedModel
  let truth: NumpyArchive
  let entry: JSON

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures")
  private static let folder = root.appending(path: "models")
  private static let normalizationFolder = URL(filePath: PackedFixtures.folder("frozen_normalization"))
  private static let modesFolder = URL(filePath: PackedFixtures.folder("training_modes"))
  /// What differs between training and inference, or between releases in training; `types` is of a kind of its own.
  static let modes = names(in: modesFolder).filter { !$0.hasSuffix("/types") }
  /// Batch normalizations, frozen and not (`Tools/fixtures/frozen_normalization.py`).
  static let normalizations = names(in: normalizationFolder).map { "normalization/" + $0 }

  /// All compiled models as `release/case`, those written before training.
  static let names: [String] = names(in: folder)

  private static func names(in folder: URL) -> [String] {
    let releases = (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
    return releases.sorted().flatMap { release in
      entries(release, in: folder).compactMap { entry in
        guard let name = entry["case"]?.stringValue, entry["loss"]?.isNull == false else { return nil }
        return "\(release)/\(name)"
      }
    }
  }

  private static func entries(_ release: String, in folder: URL) -> [JSON] {
    let path = folder.appending(path: release).appending(path: "manifest.json")
    guard let data = try? Data(contentsOf: path), let json = try? JSON(parsing: Array(data)) else { return [] }
    return json["cases"]?.arrayValue ?? []
  }

  /// A model of `fixtures/models`, or of `fixtures/training_modes`.
  init(_ name: String) throws {
    let isNormalization = name.hasPrefix("normalization/")
    let name = isNormalization ? String(name.dropFirst("normalization/".count)) : name
    let folder =
      isNormalization ? Self.normalizationFolder : Self.modes.contains(name) ? Self.modesFolder : Self.folder
    let parts = name.split(separator: "/").map(String.init)
    entry = try #require(Self.entries(parts[0], in: folder).first { $0["case"]?.stringValue == parts[1] })
    let path = folder.appending(path: name).path(percentEncoded: false)
    model = try LoadedModel.load(path + ".h5")
    truth = try NumpyArchive(path: path + ".npz")
  }

  /// What was frozen without the file saying so.
  var frozen: [String] { entry["freeze"]?.arrayValue?.compactMap(\.stringValue) ?? [] }

  func data() throws -> DataSet {
    func arrays(_ letter: String) -> [TensorData] {
      var found: [TensorData] = []
      while let array = truth["\(letter)\(found.count)"] { found.append(array) }
      return found
    }
    return try DataSet(
      inputs: arrays("x"), targets: arrays("t"), sampleWeights: truth["sample_weight"].map { [$0] } ?? [])
  }

  /// The numbers of the first column of a recorded table.
  func column(_ key: String) throws -> [Double] {
    let table = try #require(truth[key])
    let values = try table.doubles()
    let rows = table.shape.count > 1 ? table.shape[0] : 1
    return (0..<rows).map { values[$0 * (values.count / rows)] }
  }

  /// The weights recorded after `steps` steps, in the canonical layout: the file read again with other numbers in it.
  func weights(afterSteps steps: Int) throws -> [String: TensorData]? {
    guard truth["w\(steps)_000"] != nil else { return nil }
    var arrays: [String: TensorData] = [:]
    for (index, weight) in (entry["weights"]?.arrayValue ?? []).enumerated() {
      let name = try #require(weight["name"]?.stringValue)
      arrays[name] = try #require(truth["w\(steps)_" + String(repeating: "0", count: index < 10 ? 2 : 1) + "\(index)"])
    }
    var source = model.source
    guard case .groups(let groups) = source.weights else { return nil }
    source.weights = .groups(
      groups.map { group in
        WeightGroup(
          name: group.name,
          arrays: group.arrays.map { stored in
            let file = source.file
            return StoredArray(name: stored.name, path: stored.path, dtype: stored.dtype, shape: stored.shape) {
              [arrays] () throws(KerasFileError) in
              guard let array = arrays[stored.name] else { throw KerasFileError(file: file, .missing(stored.name)) }
              return array
            }
          })
      })
    return try LoadedModel.load(source: source).weights
  }
}
