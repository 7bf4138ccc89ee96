import Foundation
import KerasKit
import Testing

/// Layers that later releases removed or compute otherwise, as real releases saved and ran them.
///
/// See `Tools/fixtures/legacy_layers.py`.
@Suite struct LegacyLayerTests {
  private static let root = "\(Fixture.root)/fixtures/legacy_layers"

  /// `RELEASE/CASE` of every recorded case.
  static var cases: [String] {
    let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".npz") }.map { String($0.dropLast(4)) }.sorted()
  }

  private func load(_ name: String) throws -> Model {
    let path = "\(Self.root)/\(name)"
    if name == "keras-0.2.0/dropout_merge" {
      // Its config would be the same in Keras 0.3.0, whose Dropout leaves predictions as they are.
      let release = LoadOptions(kerasVersion: KerasVersion(0, 2, 0))
      return try Model.load(config: path + ".json", weights: path + ".h5", options: release)
    }
    if name.hasSuffix("_3d_same") {
      // A model without weights holds nothing that tells the backend.
      return try Model.load(path + ".h5", options: LoadOptions(backend: "theano"))
    }
    if name.contains("/unknown_") {
      let stated = try ObjectMapping(name: "up", target: "Conv1DTranspose(output_padding=1)")
      let ending = name.hasSuffix("_h5") ? ".h5" : ".keras"
      var options = LoadOptions()
      options.mappings = [stated]
      return try Model.load(path + ending, options: options)
    }
    if FileManager.default.fileExists(atPath: path + ".keras") { return try Model.load(path + ".keras") }
    guard FileManager.default.fileExists(atPath: path + ".json") else { return try Model.load(path + ".h5") }
    return try Model.load(config: path + ".json", weights: path + ".h5")
  }

  @Test func everyReleaseIsThere() {
    let releases = Set(Self.cases.map { $0.prefix { $0 != "/" } })
    #expect(releases.count >= 9)
    #expect(Self.cases.count >= 40)
  }

  @Test(arguments: cases)
  func whatTheReleasePredicted(_ name: String) throws {
    let truth = try ArrayFile.read("\(Self.root)/\(name).npz")
    let outputs = try load(name).predict(truth)
    #expect(truth["y\(outputs.count)"] == nil, "\(name)")
    for (index, output) in outputs.enumerated() {
      #expect(try difference(output, #require(truth["y\(index)"])) <= 1e-5, "\(name) output \(index)")
    }
  }

  @Test func aPythonFunctionThatMergesIsRefusedIfAsked() throws {
    var options = LoadOptions()
    options.translatesLambdas = false
    let error = #expect(throws: (any Error).self) {
      try Model.load("\(Self.root)/keras-1.2.2/join_callable.h5", options: options)
    }
    #expect("\(try #require(error))".contains("--no-lambda"))
  }

  /// Keras 3 before 3.15 does not save `output_padding`; the shapes of the next layers tell it.
  @Test(arguments: ["keras-3.0.5/lost_functional", "keras-3.10.0/lost_functional", "keras-3.0.5/lost_sequential"])
  func outputPaddingThatTheFileLacksIsRecovered(_ name: String) throws {
    let said = try load(name).loaded.diagnostics.filter { $0.rule == "output-padding-recovered" }
    let expected = name.hasSuffix("sequential") ? ["conv1d_transpose"] : ["conv2d_transpose", "conv2d_transpose_1"]
    #expect(said.map(\.layer) == expected)
  }

  /// Read without it the model has another shape than it had, which only its author knows; stated, it computes the same
  /// (`whatTheReleasePredicted`).
  @Test(arguments: ["unknown_last.keras", "unknown_h5.h5"])
  func outputPaddingThatNothingTellsIsSaid(_ file: String) throws {
    let model = try Model.load("\(Self.root)/keras-3.10.0/\(file)")
    let said = try #require(model.loaded.diagnostics.first { $0.rule == "output-padding-unknown" })
    #expect(said.layer == "up")
    #expect(said.message.contains("--map 'up=Conv1DTranspose(output_padding=1)'"))
  }

  /// Nothing but the form of its config says that Keras 0.2 wrote it.
  @Test(arguments: ["mask_reset", "images", "jzs1", "word_context"])
  func theReleaseIsConcludedFromTheForm(_ name: String) throws {
    let said = try load("keras-0.2.0/" + name).loaded.diagnostics.first { $0.rule == "era-inferred" }
    #expect(try #require(said).message.contains("Keras 0.2.0"))
  }
}
