import DataFiles
import Foundation
import KerasKit
import Testing

/// A zip of recorded models that `Tools/fixtures/case_archive.py` packed, laid out in a folder of its own.
struct RecordedArchive {
  let folder: URL
  let models: [LayerCases.Model]

  /// Runs `body` on the archive `name` of a folder of fixtures.
  static func with(_ fixtures: String, _ name: String, _ body: (RecordedArchive) throws -> Void) throws {
    let cases = try LayerCases(folder: "\(Fixture.root)/fixtures/\(fixtures)")
    let release = try #require(cases.releases.first { $0.name == name })
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("recorded-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for model in release.models {
      for member in [model.file] + (model.outputs.isEmpty ? [] : [model.name + ".npz"]) {
        try Data(release.archive.read(member)).write(to: folder.appendingPathComponent(member))
      }
    }
    try body(RecordedArchive(folder: folder, models: release.models))
  }

  func path(_ file: String) -> String { folder.appendingPathComponent(file).path }

  func arrays(_ model: LayerCases.Model) throws -> [String: TensorData] {
    try ArrayFile.read(path(model.name + ".npz"))
  }
}
