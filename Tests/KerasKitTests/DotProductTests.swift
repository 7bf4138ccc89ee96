import Foundation
import KerasKit
import Testing

/// Dot of inputs with several axes, before and after it stopped multiplying matrices; see
/// `Tools/fixtures/dot_products.py`.
@Suite struct DotProductTests {
  @Test(arguments: ["keras-1.2.2-tf", "keras-2.2.4", "keras-2.3.1"])
  func computesWhatTheReleaseDid(_ release: String) throws {
    let folder = "\(Fixture.root)/fixtures/dot_products/\(release)"
    let truth = try ArrayFile.read("\(folder)/model.npz")
    let inputs = try (0..<4).map { try #require(truth["x\($0)"]) }
    let model = try Model.load("\(folder)/model.h5")
    let output = FileManager.default.temporaryDirectory.appending(path: "dot-\(UUID()).keras").path
    defer { try? FileManager.default.removeItem(atPath: output) }
    try model.save(to: output)
    for results in try [model.predict(inputs), Model.load(output).predict(inputs)] {
      #expect(results.count == truth.count - inputs.count)
      for (index, result) in results.enumerated() {
        let expected = try #require(truth["y\(index)"])
        #expect(result.shape == expected.shape)
        #expect(try difference(result, expected) <= 1e-5, "output \(index)")
      }
    }
  }
}
