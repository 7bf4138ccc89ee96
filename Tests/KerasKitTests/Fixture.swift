import Foundation
import KerasKit

/// Paths of models that real Keras wrote, and places for output.
enum Fixture {
  static var root: String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
  }

  static func model(_ name: String) -> String { "\(root)/fixtures/models/\(name)" }

  static func arrays(_ name: String) throws -> [String: TensorData] { try ArrayFile.read(model(name)) }
}

/// The largest difference relative to the largest expected magnitude, at least 1.
func difference(_ found: TensorData, _ expected: TensorData) throws -> Double {
  guard found.shape == expected.shape else { return .infinity }
  let (a, b) = (try found.doubles(), try expected.doubles())
  let scale = max(1, b.map(\.magnitude).max() ?? 0)
  return (zip(a, b).map { ($0 - $1).magnitude }.max() ?? 0) / scale
}

extension Fixture {
  /// The samples recorded beside a model, with its targets.
  static func dataSet(_ name: String, _ model: Model) throws -> DataSet {
    let stem = String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)])
    let arrays = try arrays(stem + ".npz")
    func list(_ letter: String) -> [TensorData] { (0..<10).compactMap { arrays["\(letter)\($0)"] } }
    return try DataSet(inputs: model.fitted(list("x")), targets: list("t"))
  }
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
