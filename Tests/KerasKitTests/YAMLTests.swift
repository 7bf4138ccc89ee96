import Foundation
import KerasFile
import KerasKit
import OrderedCollections
import PackedFixtures
import Testing

/// Architectures of `to_yaml`, made by `Tools/fixtures/yaml_models.py`.
@Suite struct YAMLTests {
  private static let folder = PackedFixtures.folder("yaml")
  static let cases = [
    "keras-0.3.3/old_sequential", "keras-0.3.3/old_graph", "keras-1.2.2/sequential", "keras-1.2.2/functional",
    "keras-2.3.1/sequential", "keras-2.3.1/functional",
  ]

  @Test(arguments: cases)
  func `the YAML of a model says what its JSON says`(_ name: String) throws {
    let yaml = try ModelFile.open("\(Self.folder)/\(name).yaml")
    let json = try ModelFile.open("\(Self.folder)/\(name).json")
    #expect(yaml.format == .yaml)
    #expect(try Self.sorted(#require(yaml.config)) == Self.sorted(#require(json.config)))
    #expect(yaml.version == json.version)
    #expect(yaml.backend == json.backend)
  }

  @Test(arguments: cases)
  func `a YAML architecture with its weights predicts what Keras predicted`(_ name: String) throws {
    let base = "\(Self.folder)/\(name)"
    let model = try Model.load(config: base + ".yaml", weights: base + ".h5")
    try check(model, base)
    // Without the JSON beside it, the YAML is found by its name.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (from, to) in [("yaml", "model.yaml"), ("h5", "model_weights.h5")] {
      try FileManager.default.copyItem(atPath: "\(base).\(from)", toPath: "\(folder)/\(to)")
    }
    try check(try Model.load("\(folder)/model_weights.h5"), base)
  }

  private func check(_ model: Model, _ base: String) throws {
    let truth = try ArrayFile.read(base + ".npz")
    let output = try #require(model.predict(truth).first)
    #expect(try difference(output, #require(truth["y0"])) <= 1e-5)
  }

  private static func sorted(_ value: JSON) -> JSON {
    switch value {
    case .array(let elements): .array(elements.map(sorted))
    case .object(let members):
      .object(
        OrderedDictionary(
          uniqueKeysWithValues: members.sorted { $0.key < $1.key }.map { ($0.key, sorted($0.value)) }))
    default: value
    }
  }
}
