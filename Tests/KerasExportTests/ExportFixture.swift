import DataFiles
import Foundation
import KerasCore
import KerasExport
import KerasKit
import KerasModel
import Testing

/// A recorded model with what real Keras computed for it.
struct ExportFixture {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures/models").path

  let path: String
  let inputs: [TensorData]
  let outputs: [TensorData]

  /// `keras-2.1.3/conv1d.h5`.
  init(_ name: String) throws {
    path = "\(Self.root)/\(name)"
    let stem = String(path[..<(path.lastIndex(of: ".") ?? path.endIndex)])
    let archive = try NumpyArchive(path: stem + ".npz")
    inputs = (0..<10).compactMap { archive["x\($0)"] }
    outputs = (0..<10).compactMap { archive["y\($0)"] }
  }

  func load() throws -> LoadedModel { try LoadedModel.load(path) }
}

/// A folder that is gone after the test.
final class ScratchFolder {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "keraskit-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// The largest difference relative to the expected values' scale.
func difference(_ found: TensorData, _ expected: TensorData) throws -> Double {
  guard found.shape == expected.shape else { return .infinity }
  let (a, b) = (try found.doubles(), try expected.doubles())
  let scale = max(b.map(abs).max() ?? 0, 1e-3)
  return (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / scale
}

extension JSON {
  /// The layers of a model's config, nested models' included, by name.
  var layersByName: [String: JSON] {
    var found: [String: JSON] = [:]
    for layer in self["config"]?["layers"]?.arrayValue ?? [] {
      if let name = layer["config"]?["name"]?.stringValue { found[name] = layer }
      found.merge(layer.layersByName) { first, _ in first }
    }
    return found
  }

  /// Whether any key or string begins with the prefix of canonical extensions.
  var saysMoreThanKeras: Bool {
    switch self {
    case .string(let text): text.hasPrefix("keraskit>")
    case .array(let elements): elements.contains { $0.saysMoreThanKeras }
    case .object(let members): members.contains { $0.hasPrefix("keraskit>") || $1.saysMoreThanKeras }
    default: false
    }
  }
}
