import DataFiles
import Foundation
import KerasKit
import Testing

/// Lambda layers of the kinds that public files hold, as real releases saved and computed them (Tools/fixtures/lambdas.py):
/// byte code of Python 2.7, 3.9 and 3.11.
@Suite struct LambdaTests {
  static let releases = ["keras-1.2.2-tf", "keras-2.2.4", "tfkeras-2.5", "keras-2.15", "keras-3"]

  @Test func atLeastSixtyKindsAreRecorded() throws {
    let cases = try LayerCases(folder: "\(Fixture.root)/fixtures/lambdas")
    #expect(cases.releases.map(\.name).sorted() == Self.releases.sorted())
    #expect(Set(cases.releases.flatMap { $0.models.flatMap(\.outputs) }).count >= 60)
  }

  @Test(arguments: releases) func outputsAreThoseOfTheRelease(_ name: String) throws {
    let cases = try LayerCases(folder: "\(Fixture.root)/fixtures/lambdas")
    let release = try #require(cases.releases.first { $0.name == name })
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lambdas-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for recorded in release.models {
      let path = folder.appendingPathComponent(recorded.file)
      try Data(release.archive.read(recorded.file)).write(to: path)
      let arrays = folder.appendingPathComponent(recorded.name + ".npz")
      try Data(release.archive.read(recorded.name + ".npz")).write(to: arrays)
      let truth = try ArrayFile.read(arrays.path)
      var inputs: [String: TensorData] = [:]
      for (key, value) in truth where key.hasPrefix("input_") { inputs[String(key.dropFirst(6))] = value }
      let results = try Model.load(path.path).predict(inputs)
      try #require(results.count == recorded.outputs.count)
      for (index, output) in recorded.outputs.enumerated() {
        let expected = try #require(truth["output_\(index)"])
        #expect(try difference(results[index], expected) <= 1e-5, "\(name), \(recorded.name): \(output)")
      }
    }
  }
}
