import DataFiles
import Foundation
import KerasKit
import Testing

/// Every stock layer of every recorded release, each an output of a model that release saved (`every_layer.py`).
@Suite struct EveryLayerTests {
  static let names: [String] = (try? FolderNames.zips()) ?? []

  private enum FolderNames {
    static func zips() throws -> [String] {
      try LayerCases(folder: "\(Fixture.root)/fixtures/layers").releases.map(\.name)
    }
  }

  @Test func releasesAreThere() {
    #expect(Self.names.count >= 9)
  }

  @Test(arguments: names) func outputsAreThoseOfTheRelease(_ name: String) throws {
    let cases = try LayerCases(folder: "\(Fixture.root)/fixtures/layers")
    let release = try #require(cases.releases.first { $0.name == name })
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("layers-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func unpacked(_ member: String) throws -> String {
      let path = folder.appendingPathComponent(member)
      try Data(release.archive.read(member)).write(to: path)
      return path.path
    }
    #expect(!release.models.isEmpty)
    for recorded in release.models {
      let model =
        try recorded.config.map { try Model.load(config: unpacked($0), weights: unpacked(recorded.file)) }
        ?? Model.load(unpacked(recorded.file))
      let truth = try NumpyArchive(path: unpacked(recorded.name + ".npz"))
      var arrays: [String: TensorData] = [:]
      for member in truth.members where member.name.hasPrefix("x") { arrays[member.name] = member.tensor }
      if arrays.count == 1, let only = arrays["x0"] { arrays = ["x": only] }
      let results = try model.predict(arrays)
      #expect(results.count == recorded.outputs.count)
      for (index, output) in recorded.outputs.enumerated() where index < results.count {
        let expected = try #require(truth["y\(index)"])
        #expect(try difference(results[index], expected) <= 1e-5, "\(name), \(recorded.name): \(output)")
      }
    }
  }
}
