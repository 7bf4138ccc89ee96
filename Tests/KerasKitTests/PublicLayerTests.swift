import Foundation
import KerasKit
import PackedFixtures
import Testing

/// Models with classes of public packages and repositories, run by real Keras; see `Tools/fixtures/public_layers.py` and
/// `detection_layers.py`.
///
/// `bert`, `tcn` and those that begin with `tfa` or `retinanet` are their authors' code; the other classes were written anew for the
/// recording, so they show what Keras makes of the formulas, not that an author's file has the same.
@Suite struct PublicLayerTests {
  private static let root = PackedFixtures.folder("public_layers")

  static var cases: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return names.filter { $0.hasSuffix(".h5") || $0.hasSuffix(".keras") }.sorted()
  }

  @Test func everyCaseIsThere() { #expect(Self.cases.count == 36) }

  @Test(arguments: cases) func predictsWhatKerasDid(_ name: String) throws {
    let model = try Model.load("\(Self.root)/\(name)")
    let truth = try ArrayFile.read("\(Self.root)/\(name.prefix { $0 != "." }).npz")
    let inputs = try (0..<truth.keys.count { $0.hasPrefix("x") }).map { try #require(truth["x\($0)"]) }
    let outputs = try model.predict(inputs)
    #expect(outputs.count == truth.keys.count { $0.hasPrefix("y") })
    for (index, output) in outputs.enumerated() {
      #expect(try difference(output, #require(truth["y\(index)"])) <= 1e-5, "\(name), output \(index)")
    }
  }
}
