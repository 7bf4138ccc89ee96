import Foundation
import KerasKit
import Testing

@Suite struct ModelTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("keraskit-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  @Test func theReadmeExampleRunsAndIsTheReadmes() throws {
    let output = folder.appendingPathComponent("tuned.keras").path
    let (predictions, report) = try ReadmeExample.run(
      model: "\(Fixture.root)/fixtures/demo/digits-2017.h5", data: "\(Fixture.root)/fixtures/demo/digits.npz",
      output: output)
    #expect(predictions.first?.shape == [400, 10])
    #expect(report.findings.contains { $0.rule == "act-reg-on-input" && $0.severity == .error })
    #expect(try Model.load(output).outputs.first?.shape == [nil, 10])
    let source = try String(contentsOfFile: #filePath.replacing("ModelTests", with: "ReadmeExample"), encoding: .utf8)
    let lines = source.components(separatedBy: "\n")
    let begin = try #require(lines.firstIndex { $0.contains("README:begin") })
    let end = try #require(lines.firstIndex { $0.contains("README:end") })
    let example = lines[(begin + 1)..<end].map { $0.trimmingCharacters(in: .whitespaces) }
    #expect(example.count < 10)
    let readme = try String(contentsOfFile: "\(Fixture.root)/README.md", encoding: .utf8)
    #expect(readme.contains(example.joined(separator: "\n")))
  }

  @Test(arguments: [
    ("keras-1.2.2/merge_functional", "h5"), ("keras-1.2.2/conv_channels_first", "h5"),
    ("keras-2.1.3/embedding_lstm_mask", "h5"), ("keras-2.3.1/gru_bidirectional", "h5"),
    ("keras-2.15/nested_functional", "keras"), ("keras-3/merge_functional", "keras"),
  ])
  func predictsWhatTheReleasePredicted(_ name: String, _ ending: String) throws {
    let model = try Model.load(Fixture.model("\(name).\(ending)"))
    let truth = try Fixture.arrays("\(name).npz")
    let outputs = try model.predict(truth)
    for (index, output) in outputs.enumerated() {
      let expected = try #require(truth["y\(index)"])
      #expect(try difference(output, expected) <= 1e-5)
    }
  }

  @Test func batchesGiveWhatOneCallGives() throws {
    let model = try Model.load(Fixture.model("keras-3/conv1d.keras"))
    let x = try #require(Fixture.arrays("keras-3/conv1d.npz")["x0"])
    let whole = try model.predict([x])
    let parts = try model.predict([x], batchSize: 3)
    #expect(try difference(parts[0], whole[0]) <= 1e-6)
  }

  @Test func arraysThatDoNotFitAreRefusedByName() throws {
    let model = try Model.load(Fixture.model("keras-3/mlp_adam.keras"))
    let wrong = try TensorData(shape: [2, 7], floats: [Float](repeating: 0, count: 14))
    #expect(throws: KerasKitError.self) { try model.predict([wrong]) }
    #expect(throws: KerasKitError.self) { try model.predict(["z": wrong]) }
    #expect(throws: KerasKitError.self) { try model.predict([wrong, wrong]) }
  }

  @Test func tableColumnsTakeTheShapeOfAnImage() throws {
    let model = try Model.load(Fixture.model("keras-3/conv_channels_last.keras"))
    let flat = try TensorData(shape: [2, 84], floats: [Float](repeating: 0.5, count: 168))
    #expect(try model.predict([flat])[0].shape == [2, 3])
  }
}
