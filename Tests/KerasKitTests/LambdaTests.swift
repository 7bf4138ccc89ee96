import DataFiles
import Foundation
import KerasKit
import Testing

/// Lambda layers of the kinds that public files hold, as real releases saved and computed them (Tools/fixtures/lambdas.py):
/// byte code of Python 2.7 and 3.5 to 3.13, each by a real Keras that runs on it.
@Suite struct LambdaTests {
  static let releases = [
    "keras-1.2.2-tf", "keras-2.12-python-3.10", "tfkeras-2.8-python-3.8", "keras-2.15", "keras-2.1.3", "keras-2.2.4",
    "keras-2.2.4-python-3.5",
    "keras-2.2.4-python-3.6",
    "keras-2.3.1-python-3.7", "keras-3", "keras-3-python-3.12", "keras-3-python-3.13", "tf-keras-python-3.12",
    "tf-keras-python-3.13", "tfkeras-2.5", "keras-2.1.3-models", "keras-2.15-models", "keras-3-models",
    "tfkeras-2.5-models", "keras-2.2.4-eras", "keras-2.3.1-eras",
  ]

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

  /// A sampler gives its mean where that is asked for: z_mean + e^(z/2)·0.
  @Test func aDrawIsItsMeanWhereThatIsAskedFor() throws {
    let cases = try LayerCases(folder: "\(Fixture.root)/fixtures/lambdas")
    let release = try #require(cases.releases.first { $0.name == "keras-2.2.4" })
    let recorded = try #require(release.models.first { $0.name == "embeddings" })
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("draws-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent(recorded.file)
    try Data(release.archive.read(recorded.file)).write(to: path)
    var options = LoadOptions()
    options.randomDraws = .mean
    let model = try Model.load(path.path, options: options)
    var inputs: [String: TensorData] = [:]
    for name in ["a", "b"] {
      inputs[name] = try TensorData(shape: [2, 3, 4], floats: (0..<24).map { Float($0) / 10 })
    }
    let mean = try TensorData(shape: [2, 8], floats: (0..<16).map { Float($0) / 8 - 1 })
    for name in ["w", "z"] { inputs[name] = try TensorData(shape: [2, 8], floats: [Float](repeating: 1, count: 16)) }
    inputs["v"] = mean
    let index = try #require(recorded.outputs.firstIndex(of: "sampler"))
    #expect(try difference(try model.predict(inputs)[index], mean) == 0)
    let drawn = try Model.load(path.path).predict(inputs)[index]
    #expect(try difference(drawn, mean) > 0.05)
    // Without a draw it is written in operations, which mean the same.
    let target = folder.appendingPathComponent("mean.keras").path
    try model.save(to: target)
    #expect(try difference(try Model.load(target).predict(inputs)[index], mean) == 0)
  }

  /// The means of the distributions: (1 + 3)/2 of a uniform one, the input itself under dropout, p of a coin.
  @Test func theMeansAreThoseOfTheDistributions() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("means-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("model.json").path
    let config: JSON = [
      "class_name": "Sequential", "keras_version": "2.2.4", "backend": "tensorflow",
      "config": [["class_name": "Odd", "config": ["name": "odd", "batch_input_shape": [nil, 4]]]],
    ]
    try config.text().write(toFile: path, atomically: true, encoding: .utf8)
    let x = try TensorData(shape: [1, 4], floats: [1, 2, 3, 4])
    for (expression, expected) in [
      ("x + K.random_uniform(K.shape(x), 1.0, 3.0)", [3, 4, 5, 6]), ("K.dropout(x, 0.25)", [1, 2, 3, 4]),
      ("x * K.random_binomial(K.shape(x), 0.25)", [0.25, 0.5, 0.75, 1]),
      ("x + K.truncated_normal(K.shape(x), 2.0, 5.0)", [3, 4, 5, 6]),
      ("tf.random.normal(tf.shape(x), 7.0)", [7, 7, 7, 7]),
    ] as [(String, [Float])] {
      var options = LoadOptions()
      options.mappings = [try ObjectMapping(name: "Odd", target: expression)]
      let drawn = try Model.load(path, options: options).predict(["x": x])[0]
      options.randomDraws = .mean
      let mean = try Model.load(path, options: options).predict(["x": x])[0]
      #expect(try difference(mean, TensorData(shape: [1, 4], floats: expected)) < 1e-6, "\(expression)")
      #expect(try difference(mean, drawn) > 0, "\(expression)")
    }
  }
}
