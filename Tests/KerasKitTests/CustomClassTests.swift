import Foundation
import KerasKit
import PackedFixtures
import Testing

/// Models with custom classes, run by real Keras; see `Tools/fixtures/custom_layers.py`.
///
/// QKeras and the packages of CyberZHG are their authors' code; `images`, `pooling` and `capsules` are classes written
/// anew for the recording, so they show what Keras makes of the formulas, not that an author's file has the same.
@Suite struct CustomClassTests {
  private static let root = PackedFixtures.folder("custom_classes")

  static var cases: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return names.filter { $0.hasSuffix(".h5") }.map { String($0.dropLast(3)) }.sorted()
  }

  @Test func everyCaseIsThere() { #expect(Self.cases.count == 7) }

  @Test(arguments: cases) func predictsWhatKerasDid(_ name: String) throws {
    let model = try Model.load("\(Self.root)/\(name).h5")
    let truth = try ArrayFile.read("\(Self.root)/\(name).npz")
    let input = try #require(truth["x"])
    let expected = try #require(truth["y"])
    #expect(try difference(model.predict([input])[0], expected) <= 1e-5, "\(name)")
  }
}
