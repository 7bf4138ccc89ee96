import Foundation
import KerasKit
import PackedFixtures
import Testing

/// Models whose architecture and weights real Keras wrote in two files; see `Tools/fixtures/weights_only.py`.
@Suite struct WeightsOnlyTests {
  static let root = PackedFixtures.folder("weights_only")

  /// `RELEASE/CASE` of every recorded case.
  static var cases: [String] {
    let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".npz") }.map { String($0.dropLast(4)) }.sorted()
  }

  /// The weights of a case, in each format the release wrote.
  private func weights(_ name: String) -> [String] {
    ["h5", "weights.h5"].map { "\(Self.root)/\(name).\($0)" }.filter { FileManager.default.fileExists(atPath: $0) }
  }

  private func expectPredictions(_ model: Model, of name: String) throws {
    let truth = try ArrayFile.read("\(Self.root)/\(name).npz")
    let expected = try #require(truth["y0"])
    #expect(try difference(model.predict(truth)[0], expected) <= 1e-5, "\(name)")
  }

  @Test func everyReleaseIsThere() { #expect(Self.cases.count >= 45) }

  @Test(arguments: cases) func twoFilesPredictWhatTheReleasePredicted(_ name: String) throws {
    let options = LoadOptions(allowsPartialWeights: name.hasSuffix("by_name"))
    for weights in weights(name) {
      let model = try Model.load(config: "\(Self.root)/\(name).json", weights: weights, options: options)
      try expectPredictions(model, of: name)
      // The architecture beside the weights is found by its name.
      let found = try Model.load(weights, options: options)
      try expectPredictions(found, of: name)
      #expect(found.loaded.diagnostics.contains { $0.rule == "partner-found" })
    }
  }

  /// Kernels of Keras 1 lie and turn as its backend had them, whatever release wrote the architecture beside them.
  @Test(
    arguments: ["keras-1.2.2", "keras-1.2.2-tf"], ["convolutional", "frozen_inside", "recurrent", "model_over_time"])
  func weightsOfKeras1FitAnArchitectureOfKeras2(_ release: String, _ name: String) throws {
    let model = try Model.load(
      config: "\(Self.root)/keras-2.2.4/\(name).json", weights: "\(Self.root)/\(release)/\(name).h5")
    try expectPredictions(model, of: "\(release)/\(name)")
  }

  @Test func weightsByPathNeverTurnForATheanoArchitecture() throws {
    let model = try Model.load(
      config: "\(Self.root)/keras-2.2.4-theano/convolutional.json",
      weights: "\(Self.root)/keras-3/convolutional.weights.h5")
    try expectPredictions(model, of: "keras-3/convolutional")
  }

  @Test func theBackendThatIsStatedWins() throws {
    let name = "keras-1.2.2/convolutional"
    let weights = "\(Self.root)/\(name).h5"
    let right = try Model.load(weights, options: LoadOptions(backend: "theano"))
    try expectPredictions(right, of: name)
    let wrong = try Model.load(weights, options: LoadOptions(backend: "tensorflow"))
    let truth = try ArrayFile.read("\(Self.root)/\(name).npz")
    #expect(try difference(wrong.predict(truth)[0], #require(truth["y0"])) > 1e-3)
  }

  @Test func whatWasConcludedIsSaidOfAnArchitectureWithoutAStamp() throws {
    let model = try Model.load("\(Self.root)/keras-1.2.2-tf/shared.h5")
    let said = try #require(model.loaded.diagnostics.first { $0.rule == "era-inferred" })
    #expect(said.message.contains("Keras 1.2.2"))
    #expect(said.message.contains("dense_"))
    #expect(said.message.contains("--keras-version"))
    // Nothing in it depends on the backend.
    #expect(!model.loaded.diagnostics.contains { $0.rule == "theano-flip-unknown" })
  }

  @Test func withoutAllowPartialBothSidesAreListed() throws {
    let error = #expect(throws: KerasKitError.self) { try Model.load("\(Self.root)/keras-2.2.4/by_name.h5") }
    let text = error?.description ?? ""
    for word in ["new_head", "(4, 2)", "old_head", "(4, 3)"] { #expect(text.contains(word), "\(word): \(text)") }
    let model = try Model.load(
      "\(Self.root)/keras-2.2.4/by_name.h5", options: LoadOptions(allowsPartialWeights: true))
    #expect(model.loaded.assignment.unfilled == ["new_head/kernel", "new_head/bias"])
    #expect(model.loaded.diagnostics.contains { $0.rule == "weights-partial" })
    #expect(model.loaded.diagnostics.contains { $0.rule == "weights-unread" })
  }

  @Test func severalArchitecturesThatFitAreListed() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let source = "\(Self.root)/keras-2.2.4/slashes"
    try FileManager.default.copyItem(atPath: source + ".h5", toPath: folder + "/digits_weights.h5")
    try FileManager.default.copyItem(atPath: source + ".json", toPath: folder + "/model.json")
    #expect(try Model.load(folder + "/digits_weights.h5").outputs.count == 1)
    #expect(try Model.load(folder + "/model.json").outputs.count == 1)
    try FileManager.default.copyItem(atPath: source + ".json", toPath: folder + "/digits_architecture.json")
    #expect(try Model.load(folder + "/digits_weights.h5").loaded.source.file.hasSuffix("digits_architecture.json"))
    try FileManager.default.copyItem(atPath: source + ".json", toPath: folder + "/digits.json")
    let error = #expect(throws: KerasKitError.self) { try Model.load(folder + "/digits_weights.h5") }
    let text = error?.description ?? ""
    for word in ["digits.json", "digits_architecture.json", "--config"] { #expect(text.contains(word), "\(text)") }
  }
}
