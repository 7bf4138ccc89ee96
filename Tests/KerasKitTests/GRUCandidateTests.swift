import Foundation
import KerasKit
import Testing

/// GRUs of Keras 2.0.0 with `implementation=1`; see `Tools/fixtures/gru_candidate.py`.
@Suite struct GRUCandidateTests {
  private static let folder = "\(Fixture.root)/fixtures/gru_candidate"

  @Test func predictsTrainsAndConvertsAsKerasDid() throws {
    let truth = try ArrayFile.read("\(Self.folder)/model.npz")
    let model = try Model.load("\(Self.folder)/model.h5")
    let (x, y, t) = (try #require(truth["x0"]), try #require(truth["y0"]), try #require(truth["t0"]))
    #expect(try difference(model.predict([x])[0], y) <= 1e-5)

    let output = FileManager.default.temporaryDirectory.appending(path: "gru-\(UUID()).keras").path
    defer { try? FileManager.default.removeItem(atPath: output) }
    try model.save(to: output)
    #expect(try difference(Model.load(output).predict([x])[0], y) <= 1e-5)

    try model.fineTune(DataSet(inputs: [x], targets: [t]), epochs: 3, batchSize: 2)
    // The update of TensorFlow 1.0 may read a variable before or after it is written: a step's difference at most.
    #expect(try difference(model.predict([x])[0], #require(truth["trained"])) <= 2e-3)
  }
}
