import DataFiles
import Foundation
import KerasCore
import Testing

@testable import KerasModel

/// What a random image layer of a real release made of images by a known transformation
/// (`Tools/fixtures/augmentation.py`).
struct RecordedAugmentation: Sendable, CustomTestStringConvertible {
  let release: String
  let name: String
  let className: String
  let config: JSON
  let x: TensorData
  let y: TensorData
  let draws: [String: TensorData]

  /// Whether the layer draws a size, not numbers of the graph.
  var drawsSize: Bool { ["RandomHeight", "RandomWidth"].contains(className) }

  var testDescription: String { "\(release) \(name)" }

  static let all: [RecordedAugmentation] = ["keras-3", "keras-2.15"].flatMap { (try? cases($0)) ?? [] }

  private static func cases(_ release: String) throws -> [RecordedAugmentation] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "fixtures/augmentation")
    let text = try Data(contentsOf: folder.appending(path: release + ".json"))
    let archive = try NumpyArchive(path: folder.appending(path: release + ".npz").path(percentEncoded: false))
    let numbers = try #require(archive["data"]).floats()
    func array(_ place: JSON) throws -> TensorData {
      let parts = try #require(place.arrayValue)
      let shape = try #require(parts[1].arrayValue).compactMap(\.intValue)
      let start = try #require(parts[2].intValue)
      let part = Array(numbers[start..<start + shape.reduce(1, *)])
      switch parts[0].stringValue {
      case "bool": return try TensorData(dtype: .bool, shape: shape, bytes: part.map { $0 == 0 ? 0 : 1 })
      case "int32": return try TensorData(shape: shape, int32s: part.map { Int32($0) })
      default: return try TensorData(shape: shape, floats: part)
      }
    }
    return try (JSON(parsing: Array(text))["cases"]?.arrayValue ?? []).map { item in
      var draws: [String: TensorData] = [:]
      for (name, place) in item["draws"]?.objectValue ?? [:] { draws[name] = try array(place) }
      return RecordedAugmentation(
        release: release, name: try #require(item["name"]?.stringValue),
        className: try #require(item["class_name"]?.stringValue), config: try #require(item["config"]),
        x: try array(#require(item["x"])), y: try array(#require(item["y"])), draws: draws)
    }
  }

  /// The layer, with the flags that its release's files get.
  func layer() throws -> any ImageAugmentation {
    var fields = try #require(config.objectValue)
    for row in AugmentationRules.rows where release == "keras-2.15" && row.className == className {
      if row.releases.contains(where: { $0.contains(KerasVersion(2, 15, 0)) }) { fields[row.flag] = true }
    }
    let layer = try LayerRegistry.layer(["class_name": .string(className), "config": .object(fields)]).layer
    return try #require(layer as? any ImageAugmentation)
  }
}
